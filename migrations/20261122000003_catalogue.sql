-- Services and their owners as imported from catalog-info.yaml, the places they run in, and their releases.

CREATE TABLE service (
    id           uuid PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    title        text NOT NULL,
    description  text NOT NULL DEFAULT '',
    team         text NOT NULL,
    system       text,
    lifecycle    text NOT NULL DEFAULT 'production',
    repository   text,
    pipeline     text,
    image        text,
    tags         text[] NOT NULL DEFAULT '{}',
    links        jsonb NOT NULL DEFAULT '[]',
    -- Where the entity was read: a folder or upload, the file in it, the line its document starts at.
    source       text NOT NULL,
    source_file  text NOT NULL,
    source_line  integer NOT NULL,
    -- When an import of its source no longer had it. Never deleted: history refers to it.
    orphaned_at  timestamptz,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);
CREATE INDEX service_team ON service (team, name);

-- Groups, Systems and Resources: what services refer to.
CREATE TABLE catalog_entity (
    kind        text NOT NULL CHECK (kind IN ('group', 'system', 'resource')),
    name        text NOT NULL,
    title       text NOT NULL,
    description text NOT NULL DEFAULT '',
    owner       text,
    source      text NOT NULL,
    source_file text NOT NULL,
    source_line integer NOT NULL,
    orphaned_at timestamptz,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (kind, name)
);

CREATE TABLE catalog_import (
    id          uuid PRIMARY KEY,
    source      text NOT NULL,
    by_person   uuid REFERENCES person,
    at          timestamptz NOT NULL,
    imported    integer NOT NULL,
    unchanged   integer NOT NULL,
    orphaned    integer NOT NULL,
    problems    jsonb NOT NULL
);
CREATE INDEX catalog_import_at ON catalog_import (at DESC);

-- One row: counts up with every change of the catalogue or of what runs where, so that readers know when their copy is old.
CREATE TABLE catalog_version (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL
);
INSERT INTO catalog_version VALUES (true, 1);

CREATE TABLE environment (
    name        text PRIMARY KEY,
    title       text NOT NULL,
    protected   boolean NOT NULL,
    account     text NOT NULL CHECK (account ~ '^[0-9]{12}$'),
    namespace   text NOT NULL,
    region_pair text,
    -- Order of promotion and of columns on pages.
    position    integer NOT NULL,
    -- Since when the configuration no longer has it. Never deleted: history refers to it.
    retired_at  timestamptz,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE environment_region (
    environment text NOT NULL REFERENCES environment,
    region      text NOT NULL,
    side        text NOT NULL CHECK (side IN ('active', 'passive')),
    cluster     text NOT NULL,
    PRIMARY KEY (environment, region)
);
CREATE UNIQUE INDEX environment_region_side ON environment_region (environment, side);

CREATE TABLE release (
    id            uuid PRIMARY KEY,
    service_id    uuid NOT NULL REFERENCES service,
    version       text NOT NULL,
    commit        text NOT NULL,
    digest        text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
    build_url     text,
    registered_by uuid NOT NULL REFERENCES person,
    created_at    timestamptz NOT NULL,
    UNIQUE (service_id, version)
);
CREATE INDEX release_newest ON release (service_id, id DESC);

-- What the portal last verified to run: one row for each service, environment and region.
CREATE TABLE deployment (
    service_id  uuid NOT NULL REFERENCES service,
    environment text NOT NULL,
    region      text NOT NULL,
    release_id  uuid NOT NULL REFERENCES release,
    change_id   uuid NOT NULL,
    since       timestamptz NOT NULL,
    verified_at timestamptz NOT NULL,
    PRIMARY KEY (service_id, environment, region)
);

GRANT SELECT, INSERT, UPDATE ON service, catalog_entity, catalog_import, catalog_version, environment TO portolan;
GRANT SELECT, INSERT, UPDATE, DELETE ON environment_region TO portolan;
GRANT SELECT, INSERT ON release TO portolan;
GRANT SELECT, INSERT, UPDATE ON deployment TO portolan;
