-- Where what was made is: a repeated request is answered with it, too.
ALTER TABLE idempotency ADD COLUMN location text;
