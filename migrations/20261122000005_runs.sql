-- Runs: what is executed, by whom it is held, what was intended outside and what came of it.

CREATE TABLE run (
    id          uuid PRIMARY KEY,
    change_id   uuid NOT NULL UNIQUE REFERENCES change,
    grant_id    uuid NOT NULL UNIQUE REFERENCES run_grant,
    state       text NOT NULL,
    -- Every approval that the grant rests on was given with a fresh second factor, as checked again at the start.
    stepped_up  boolean NOT NULL DEFAULT false,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz
);

CREATE TABLE step (
    id               uuid PRIMARY KEY,
    run_id           uuid NOT NULL REFERENCES run,
    position         integer NOT NULL,
    region           text NOT NULL,
    kind             text NOT NULL,
    state            text NOT NULL,
    -- When it may be claimed (again): for a held step the end of its lease. By the database's clock, which all workers share.
    due_at           timestamptz NOT NULL DEFAULT now(),
    attempts         integer NOT NULL DEFAULT 0,
    -- Those of the attempts that ended because their worker was asked to stop: no fault of the step.
    restarts         integer NOT NULL DEFAULT 0,
    -- Workers that were lost while they held it, since it last got on: a step that kills its workers is stopped.
    deaths           integer NOT NULL DEFAULT 0,
    -- The lease. Every write of a worker says WHERE lease_epoch = the epoch of its claim.
    lease_owner      text,
    lease_epoch      bigint NOT NULL DEFAULT 0,
    lease_expires_at timestamptz,
    -- What the step knows so far: build number, log position, what was observed.
    progress         jsonb NOT NULL DEFAULT '{}',
    -- In words: what it waits for, or why it failed.
    note             text,
    started_at       timestamptz,
    finished_at      timestamptz,
    UNIQUE (run_id, position)
);
-- What a worker claims from; finished steps are not in it, so it stays small for ever.
CREATE INDEX step_due ON step (due_at) WHERE state IN ('due', 'running');

CREATE TABLE attempt (
    id         uuid PRIMARY KEY,
    step_id    uuid NOT NULL REFERENCES step,
    epoch      bigint NOT NULL,
    worker     text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at   timestamptz,
    -- succeeded, again, failed, needs_attention, lost (lease ran out)
    outcome    text,
    detail     text,
    UNIQUE (step_id, epoch)
);

-- Committed before any call that changes something outside.
CREATE TABLE intent (
    id         uuid PRIMARY KEY,
    step_id    uuid NOT NULL REFERENCES step,
    -- Deterministic from (run, step, logical attempt): the mark we leave outside and look for.
    token      text NOT NULL UNIQUE,
    call       text NOT NULL,
    state      text NOT NULL CHECK (state IN ('intended', 'done', 'refused', 'unknown')),
    detail     jsonb NOT NULL DEFAULT '{}',
    made_at    timestamptz NOT NULL,
    settled_at timestamptz
);
CREATE INDEX intent_step ON intent (step_id);

-- The STS sessions used: the join key to CloudTrail. Never a secret.
CREATE TABLE aws_session (
    id              uuid PRIMARY KEY,
    step_id         uuid NOT NULL REFERENCES step,
    person_id       uuid NOT NULL REFERENCES person,
    purpose         text NOT NULL,
    role_arn        text NOT NULL,
    session_name    text NOT NULL,
    source_identity text NOT NULL CHECK (source_identity <> ''),
    access_key_id   text NOT NULL,
    session_policy  jsonb NOT NULL,
    packed_percent  integer,
    request_id      text,
    made_at         timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL
);
CREATE INDEX aws_session_step ON aws_session (step_id);

-- A pipeline's one-time right to its step's narrowed session.
CREATE TABLE ticket (
    id          uuid PRIMARY KEY,
    step_id     uuid NOT NULL REFERENCES step,
    hash        bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    made_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    redeemed_at timestamptz,
    -- Replaced by a newer ticket before it was used, or its run ended.
    revoked_at  timestamptz
);
CREATE INDEX ticket_step ON ticket (step_id);

CREATE TABLE run_log (
    run_id  uuid NOT NULL REFERENCES run,
    seq     bigint NOT NULL,
    step_id uuid NOT NULL,
    at      timestamptz NOT NULL,
    text    text NOT NULL,
    PRIMARY KEY (run_id, seq)
);

GRANT SELECT, INSERT, UPDATE ON run, step, attempt, intent, ticket TO portolan;
GRANT SELECT, INSERT ON aws_session TO portolan;
-- DELETE: at the end of a build its part of the log is replaced by the whole, since Jenkins' live log may skip lines.
GRANT SELECT, INSERT, DELETE ON run_log TO portolan;
