-- Whether a change has been asked for again already.
CREATE INDEX change_retry_of ON change (retry_of) WHERE retry_of IS NOT NULL;
