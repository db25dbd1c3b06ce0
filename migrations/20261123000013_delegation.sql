-- Somebody stands in for somebody else for a while, as on holidays.
CREATE TABLE delegation (
    id          uuid PRIMARY KEY,
    from_person uuid NOT NULL REFERENCES person,
    to_person   uuid NOT NULL REFERENCES person,
    -- Only for changes of this team, or in this environment; null: all.
    team        text,
    environment text,
    from_at     timestamptz NOT NULL,
    until_at    timestamptz NOT NULL,
    reason      text NOT NULL CHECK (reason <> ''),
    made_at     timestamptz NOT NULL,
    ended_at    timestamptz,
    ended_by    uuid REFERENCES person,
    CHECK (from_person <> to_person),
    CHECK (from_at < until_at)
);
CREATE INDEX delegation_to ON delegation (to_person, until_at) WHERE ended_at IS NULL;
CREATE INDEX delegation_from ON delegation (from_person, id DESC);

-- Whom the giver of an approval stood in for, and by which delegation.
ALTER TABLE approval ADD COLUMN on_behalf_of uuid REFERENCES person;
ALTER TABLE approval ADD COLUMN delegation_id uuid REFERENCES delegation;

-- Whoever asked for a change neither approves it nor stands behind an approval of it.
CREATE OR REPLACE FUNCTION approval_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.verdict = 'approve' AND EXISTS (
        SELECT 1 FROM change WHERE id = NEW.change_id AND requester_id IN (NEW.person_id, NEW.on_behalf_of)
    ) THEN
        RAISE EXCEPTION 'whoever asked for a change never approves it' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

GRANT SELECT, INSERT ON delegation TO portolan;
GRANT UPDATE (ended_at, ended_by) ON delegation TO portolan;
