-- Canaries of a share of the replicas: a run may stop in each of its regions, and in one region behind a share of it and
-- behind all of it. So each wait is of its own step.
ALTER TABLE bake ADD COLUMN step_id uuid REFERENCES step;
UPDATE bake SET step_id = (SELECT id FROM step WHERE step.run_id = bake.run_id AND kind = 'bake' ORDER BY position LIMIT 1);
ALTER TABLE bake DROP CONSTRAINT bake_pkey;
ALTER TABLE bake ALTER COLUMN step_id SET NOT NULL;
ALTER TABLE bake ADD PRIMARY KEY (step_id);
ALTER TABLE bake DROP COLUMN run_id;
