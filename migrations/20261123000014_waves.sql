-- Waves: where a run stops after its first region, how long it is watched there, and what was measured.

-- The waves of the rules in force, beside the rules.
ALTER TABLE rule_set ADD COLUMN waves jsonb NOT NULL DEFAULT '[]';

-- Why a parked step waits for somebody; null: what its outside call came to cannot be decided.
ALTER TABLE step ADD COLUMN parked_for text CHECK (parked_for IN ('wave_halted'));

-- How long a run's canary is watched: by the database's clock, once for ever, however many workers come and go.
CREATE TABLE bake (
    run_id   uuid PRIMARY KEY REFERENCES run,
    began_at timestamptz NOT NULL,
    ends_at  timestamptz NOT NULL CHECK (ends_at > began_at)
);

-- What was read of each metric, each time.
CREATE TABLE wave_reading (
    id         uuid PRIMARY KEY,
    step_id    uuid NOT NULL REFERENCES step,
    -- The claim under which it was read, and the place of the check in the evidence.
    epoch      bigint NOT NULL,
    position   integer NOT NULL,
    wave       text NOT NULL,
    name       text NOT NULL,
    -- What was measured and what is allowed, in words that stay whatever the rules become.
    metric     text NOT NULL,
    allowed    text NOT NULL,
    -- The worst of the periods; null where there was no data.
    value      double precision,
    reach      text NOT NULL CHECK (reach IN ('within', 'breached', 'no_data')),
    -- The whole periods that were looked at; null where none was over yet.
    from_at    timestamptz,
    to_at      timestamptz,
    -- CloudWatch's id of the call.
    request_id text,
    at         timestamptz NOT NULL,
    UNIQUE (step_id, epoch, position),
    CHECK ((value IS NULL) = (reach = 'no_data')),
    CHECK ((from_at IS NULL) = (to_at IS NULL))
);

ALTER TABLE attention DROP CONSTRAINT attention_choice_check;
ALTER TABLE attention ADD CONSTRAINT attention_choice_check CHECK (choice IN ('done', 'go_on', 'retry', 'abandon'));

GRANT SELECT, INSERT ON bake, wave_reading TO portolan;
