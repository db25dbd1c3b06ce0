-- A change, the words people gave on it, and the single-use right to run it.

CREATE TABLE change (
    id                uuid PRIMARY KEY,
    kind              text NOT NULL,
    state             text NOT NULL,
    reason            text NOT NULL,
    requester_id      uuid NOT NULL REFERENCES person,
    requester_login   text NOT NULL,
    service_id        uuid REFERENCES service,
    -- Copies, so that lists need no join and history keeps the words of its day.
    service           text,
    team              text NOT NULL,
    release_id        uuid REFERENCES release,
    version           text,
    environment       text NOT NULL,
    protected         boolean NOT NULL,
    start_mode        text NOT NULL,
    -- Canonical JSON, byte for byte what the digest is of.
    evidence          text NOT NULL,
    evidence_digest   bytea NOT NULL CHECK (length(evidence_digest) = 32),
    requirements      jsonb NOT NULL,
    -- Why it is in its state, in words, where the state needs a reason.
    state_reason      text,
    cancel_requested  boolean NOT NULL DEFAULT false,
    retry_of          uuid REFERENCES change,
    -- Counts up with every change of this row or of its run; readers wait for it to move.
    version_no        bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    expires_at        timestamptz NOT NULL
);
-- Lists are newest first: ids are UUIDv7, so the key order is the order of time.
CREATE INDEX change_state ON change (state, id DESC);
CREATE INDEX change_team ON change (team, id DESC);
CREATE INDEX change_service ON change (service, id DESC);
-- With the state, which is what people ask of an environment: counting then reads the index alone.
CREATE INDEX change_environment ON change (environment, state, id DESC);
CREATE INDEX change_requester ON change (requester_id, id DESC);
CREATE INDEX change_requester_login ON change (requester_login, id DESC);
CREATE INDEX change_expiring ON change (expires_at) WHERE state IN ('awaiting_approval', 'approved', 'scheduled');
-- One at a time: two runs of one service in one environment would undo each other.
CREATE UNIQUE INDEX change_one_runs ON change (service, environment) WHERE state IN ('running', 'needs_attention');
-- What a worker looks for: ready and to be started without anybody's further word.
CREATE INDEX change_to_start ON change (id) WHERE state = 'approved' AND start_mode = 'on_approval';

CREATE TABLE approval (
    id              uuid PRIMARY KEY,
    change_id       uuid NOT NULL REFERENCES change,
    person_id       uuid NOT NULL REFERENCES person,
    verdict         text NOT NULL CHECK (verdict IN ('approve', 'reject')),
    evidence_digest bytea NOT NULL CHECK (length(evidence_digest) = 32),
    comment         text NOT NULL,
    stepped_up      boolean NOT NULL,
    auth_time       timestamptz,
    door            text NOT NULL,
    at              timestamptz NOT NULL,
    -- One word each.
    UNIQUE (change_id, person_id)
);

-- Four eyes, held by the database as well as by the code.
CREATE FUNCTION approval_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.verdict = 'approve' AND EXISTS (
        SELECT 1 FROM change WHERE id = NEW.change_id AND requester_id = NEW.person_id
    ) THEN
        RAISE EXCEPTION 'whoever asked for a change never approves it' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approval_by_another BEFORE INSERT ON approval FOR EACH ROW EXECUTE FUNCTION approval_by_another();

-- "Grant" is a reserved word of SQL, hence the longer name.
CREATE TABLE run_grant (
    id              uuid PRIMARY KEY,
    -- One right to run for each change, for ever.
    change_id       uuid NOT NULL UNIQUE REFERENCES change,
    evidence_digest bytea NOT NULL CHECK (length(evidence_digest) = 32),
    made_at         timestamptz NOT NULL,
    consumed_at     timestamptz
);

GRANT SELECT, INSERT, UPDATE ON change, run_grant TO portolan;
GRANT SELECT, INSERT ON approval TO portolan;
