-- The rules in force, and the tier that they may ask about.

-- One row: what every portal and worker goes by, whichever of them read the file first.
CREATE TABLE rule_set (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    version    text NOT NULL,
    rules      jsonb NOT NULL,
    -- SHA-256 of the file that was refused last, so that it is recorded once, however many processes read it.
    refused    bytea CHECK (length(refused) = 32),
    changed_at timestamptz NOT NULL
);

-- `portolan/tier` of the catalogue entry.
ALTER TABLE service ADD COLUMN tier text;

GRANT SELECT, INSERT, UPDATE ON rule_set TO portolan;
