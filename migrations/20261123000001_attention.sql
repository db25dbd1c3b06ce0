-- What people decided about runs that could not decide by themselves, and the queue in front of a target.

-- One decision for each time a step was parked; never altered.
CREATE TABLE attention (
    id           uuid PRIMARY KEY,
    change_id    uuid NOT NULL REFERENCES change,
    step_id      uuid NOT NULL REFERENCES step,
    -- The attempt that parked the step, which is what the person saw: parked again, it takes a decision anew.
    attempt_id   uuid NOT NULL UNIQUE REFERENCES attempt,
    choice       text NOT NULL CHECK (choice IN ('done', 'retry', 'abandon')),
    person_id    uuid NOT NULL REFERENCES person,
    person_login text NOT NULL,
    reason       text NOT NULL CHECK (reason <> ''),
    -- Where the evidence is: a build, a ticket, a cluster's event. What counts as done must name it.
    reference    text,
    at           timestamptz NOT NULL,
    CHECK (choice <> 'done' OR reference <> '')
);
CREATE INDEX attention_change ON attention (change_id, id);
CREATE INDEX attention_step ON attention (step_id) WHERE choice = 'done';

GRANT SELECT, INSERT ON attention TO portolan;

-- What is approved and starts by itself, in the order in which it will, for each target: its head is what a worker
-- starts, and the number before a change is its place.
CREATE INDEX change_queue ON change (service, environment, id) WHERE state = 'approved' AND start_mode = 'on_approval';
