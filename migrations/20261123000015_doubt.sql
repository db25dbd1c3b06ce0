-- Where it is not known what runs: a change was cancelled, failed or waits for a person after its pipeline could act, and
-- nothing has been verified there since. Beside the deployment, which stays what was last verified; there may be none.
CREATE TABLE deployment_doubt (
    service_id  uuid NOT NULL REFERENCES service,
    environment text NOT NULL,
    region      text NOT NULL,
    -- The change that brought the doubt first, and when.
    change_id   uuid NOT NULL REFERENCES change,
    since       timestamptz NOT NULL,
    PRIMARY KEY (service_id, environment, region)
);

GRANT SELECT, INSERT, DELETE ON deployment_doubt TO portolan;
