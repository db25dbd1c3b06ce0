-- Windows, freezes and stops; which changes they held; and the overrides that let one through.

CREATE TABLE schedule_entry (
    id           uuid PRIMARY KEY,
    class        text NOT NULL CHECK (class IN ('window', 'freeze', 'stop')),
    -- The scope: what is absent is all.
    service      text,
    team         text,
    system       text,
    environment  text,
    region       text,
    kind         text,
    -- Once: from here to there. Of a stop only the end, which may be open.
    from_at      timestamptz,
    until_at     timestamptz,
    -- Recurring: a rule of RFC 5545 on the wall clock of the zone.
    rrule        text,
    wall_start   timestamp,
    lasts_s      bigint,
    zone         text NOT NULL,
    reason       text NOT NULL CHECK (reason <> ''),
    author_id    uuid NOT NULL REFERENCES person,
    author_login text NOT NULL,
    created_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    -- Nobody where its time was over.
    ended_by     uuid REFERENCES person,
    ended_login  text,
    end_reason   text,
    CHECK (ended_at IS NOT NULL OR (ended_by IS NULL AND ended_login IS NULL AND end_reason IS NULL)),
    CHECK (CASE class
        WHEN 'stop' THEN num_nonnulls(service, team, kind, from_at, rrule, wall_start, lasts_s) = 0
                         AND num_nonnulls(system, environment, region) <= 1
        ELSE (num_nonnulls(rrule, wall_start, lasts_s) = 0 AND from_at IS NOT NULL AND until_at > from_at)
             OR (num_nonnulls(rrule, wall_start) = 2 AND lasts_s BETWEEN 60 AND 2678400 AND num_nonnulls(from_at, until_at) = 0)
        END)
);
CREATE INDEX schedule_entry_class ON schedule_entry (class, id DESC);
CREATE INDEX schedule_entry_in_force ON schedule_entry (id) WHERE ended_at IS NULL;
-- One switch for each system, environment, region, and for everything.
CREATE UNIQUE INDEX schedule_entry_one_stop ON schedule_entry (coalesce(system, ''), coalesce(environment, ''), coalesce(region, ''))
    WHERE class = 'stop' AND ended_at IS NULL;

-- Ended once, and then never altered again; by the grants below nothing else of it is ever altered.
CREATE FUNCTION schedule_entry_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'what has ended is not altered' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER schedule_entry_ends_once BEFORE UPDATE ON schedule_entry FOR EACH ROW EXECUTE FUNCTION schedule_entry_ends_once();

-- One row: counts up with every entry made or ended, so that readers know when their copy is old.
CREATE TABLE schedule_version (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL
);
INSERT INTO schedule_version VALUES (true, 1);

-- Which entries ever held which changes.
CREATE TABLE change_hold (
    change_id uuid NOT NULL REFERENCES change,
    entry_id  uuid NOT NULL REFERENCES schedule_entry,
    at        timestamptz NOT NULL,
    PRIMARY KEY (entry_id, change_id)
);
CREATE INDEX change_hold_change ON change_hold (change_id);

CREATE TABLE change_override (
    id              uuid PRIMARY KEY,
    change_id       uuid NOT NULL REFERENCES change,
    evidence_digest bytea NOT NULL CHECK (length(evidence_digest) = 32),
    -- The freezes that held the change when it was asked for.
    freezes         uuid[] NOT NULL CHECK (cardinality(freezes) > 0),
    reason          text NOT NULL CHECK (reason <> ''),
    asked_by        uuid NOT NULL REFERENCES person,
    asked_login     text NOT NULL,
    asked_at        timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL CHECK (expires_at > asked_at AND expires_at <= asked_at + interval '24 hours'),
    confirmed_by    uuid REFERENCES person CHECK (confirmed_by <> asked_by),
    confirmed_login text,
    confirmed_at    timestamptz,
    CHECK (num_nulls(confirmed_by, confirmed_login, confirmed_at) IN (0, 3))
);
CREATE INDEX change_override_change ON change_override (change_id, id);
CREATE INDEX change_override_freezes ON change_override USING gin (freezes);

-- Two people, held by the database as well as by the code; confirmed once.
CREATE FUNCTION change_override_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.confirmed_at IS NOT NULL THEN
        RAISE EXCEPTION 'an override is confirmed once' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM change WHERE id = NEW.change_id AND requester_id = NEW.confirmed_by) THEN
        RAISE EXCEPTION 'whoever asked for a change never confirms its override' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER change_override_by_another BEFORE UPDATE ON change_override FOR EACH ROW EXECUTE FUNCTION change_override_by_another();

-- What holds an approved change that would start by itself, and what the calendar looked at: changes alike are released together.
ALTER TABLE change ADD COLUMN held_by text, ADD COLUMN held_facts text, ADD CHECK ((held_by IS NULL) = (held_facts IS NULL));
CREATE INDEX change_held ON change (held_facts, held_by) WHERE held_by IS NOT NULL AND state = 'approved';
-- What a worker looks for leaves out what is held, however much that is.
DROP INDEX change_to_start;
CREATE INDEX change_to_start ON change (id) WHERE state = 'approved' AND start_mode = 'on_approval' AND held_by IS NULL;
CREATE INDEX change_head ON change (service, environment, id) WHERE state = 'approved' AND start_mode = 'on_approval' AND held_by IS NULL;

GRANT SELECT, INSERT ON schedule_entry, change_hold, change_override TO portolan;
GRANT UPDATE (ended_at, ended_by, ended_login, end_reason) ON schedule_entry TO portolan;
GRANT UPDATE (confirmed_by, confirmed_login, confirmed_at) ON change_override TO portolan;
GRANT SELECT, UPDATE ON schedule_version TO portolan;
