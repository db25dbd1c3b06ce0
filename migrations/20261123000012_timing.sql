-- When a change may start besides approvals and the calendar: a time, what it is to follow, where its release ran before.

ALTER TABLE change ADD COLUMN start_at timestamptz;
-- The environment that its release had to have succeeded in when it was last looked at; null where that is nowhere.
ALTER TABLE change ADD COLUMN promote_from text;
CREATE INDEX change_scheduled ON change (start_at) WHERE state = 'scheduled';
-- What succeeded where, for the order of promotion.
CREATE INDEX change_succeeded ON change (service_id, environment) WHERE state = 'succeeded';

-- Written with the change and never again: a change can only follow what was there before it, so no circle can be made.
CREATE TABLE change_after (
    change_id uuid NOT NULL REFERENCES change,
    after_id  uuid NOT NULL REFERENCES change,
    PRIMARY KEY (change_id, after_id),
    CHECK (change_id <> after_id)
);
CREATE INDEX change_after_after ON change_after (after_id);

-- Somebody let a release go where it had not run in the environment before. For ever.
CREATE TABLE promotion_override (
    change_id       uuid PRIMARY KEY REFERENCES change,
    evidence_digest bytea NOT NULL CHECK (length(evidence_digest) = 32),
    person_id       uuid NOT NULL REFERENCES person,
    person_login    text NOT NULL,
    reason          text NOT NULL CHECK (reason <> ''),
    at              timestamptz NOT NULL
);

GRANT SELECT, INSERT ON change_after, promotion_override TO portolan;
