-- What ran in a place before, newest first: asked for by the page of every ended change, for its way back.
CREATE INDEX change_of_place ON change (service_id, environment, id DESC);
