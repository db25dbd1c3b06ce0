-- What happened. Rows are added, never changed: no grant for it, and a trigger besides.

CREATE TABLE audit_event (
    id             uuid PRIMARY KEY,
    at             timestamptz NOT NULL,
    kind           text NOT NULL,
    outcome        text NOT NULL CHECK (outcome IN ('success', 'denied', 'failure')),
    -- person, token, job, anonymous (somebody who has not signed in), portal (nobody asked: start, time)
    door           text NOT NULL,
    person_id      uuid,
    person_login   text,
    credential_id  uuid,
    subject_kind   text NOT NULL,
    subject_id     text NOT NULL,
    change_id      uuid,
    request_id     uuid NOT NULL,
    ip             text,
    policy_version text NOT NULL,
    -- Canonical JSON of the whole record; the columns above are copies to search by.
    record         text NOT NULL
);
-- Newest first by UUIDv7; each filter has its own order.
CREATE INDEX audit_event_kind ON audit_event (kind, id DESC);
CREATE INDEX audit_event_person ON audit_event (person_login, id DESC);
CREATE INDEX audit_event_subject ON audit_event (subject_kind, subject_id, id DESC);
CREATE INDEX audit_event_change ON audit_event (change_id, id DESC) WHERE change_id IS NOT NULL;
CREATE INDEX audit_event_outcome ON audit_event (outcome, id DESC) WHERE outcome <> 'success';

-- Events that no leaf of the log has yet; the sequencer takes them from here.
CREATE TABLE audit_pending (
    event_id uuid PRIMARY KEY REFERENCES audit_event
);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_is_not_truncated BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

GRANT SELECT, INSERT ON audit_event, audit_pending TO portolan;
