-- People, how they are signed in, and their API tokens.

CREATE TABLE person (
    id           uuid PRIMARY KEY,
    -- Identity is (issuer, subject), never an e-mail address.
    issuer       text NOT NULL CHECK (issuer <> ''),
    subject      text NOT NULL CHECK (btrim(subject) <> ''),
    login        text NOT NULL CHECK (login ~ '^[A-Za-z0-9_+=,.@-]{2,64}$'),
    name         text NOT NULL,
    email        text,
    job_roles    text[] NOT NULL DEFAULT '{}',
    teams        text[] NOT NULL DEFAULT '{}',
    disabled_at  timestamptz,
    -- Approvals given until then count for nothing: set when the person is disabled, and not taken back.
    void_until   timestamptz,
    created_at   timestamptz NOT NULL,
    signed_in_at timestamptz NOT NULL,
    UNIQUE (issuer, subject)
);
-- The sign-in name is the SourceIdentity of a person's STS sessions: in CloudTrail it must mean one person.
-- Whoever left is disabled first; then the name is free.
CREATE UNIQUE INDEX person_login ON person (lower(login)) WHERE disabled_at IS NULL;

-- A browser session. A row without person is a visitor who has not signed in: it gives no rights.
CREATE TABLE session (
    id           uuid PRIMARY KEY,
    -- SHA-256 of the cookie's value; the value itself is nowhere.
    id_hash      bytea NOT NULL UNIQUE CHECK (length(id_hash) = 32),
    data         jsonb NOT NULL DEFAULT '{}',
    person_id    uuid REFERENCES person,
    auth_time    timestamptz,
    mfa          boolean NOT NULL DEFAULT false,
    -- The identity provider's own session, for back-channel logout.
    idp_sid      text,
    -- Sent back to the identity provider at sign-out, so that it need not ask.
    id_token     text,
    -- Where it was signed in from, so that people know their own sessions apart.
    ip           text,
    user_agent   text,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX session_person ON session (person_id);
CREATE INDEX session_idp_sid ON session (idp_sid);
CREATE INDEX session_expires ON session (expires_at);

-- A sign-in under way: single use, ten minutes, bound to its own cookie.
CREATE TABLE login_attempt (
    id_hash       bytea PRIMARY KEY CHECK (length(id_hash) = 32),
    state         text NOT NULL,
    nonce         text NOT NULL,
    pkce_verifier text NOT NULL,
    return_to     text NOT NULL,
    -- Set when a signed-in person is asked for a fresh second factor.
    step_up_of    uuid REFERENCES person,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL
);

-- Logout tokens already used (jti), so that none is accepted twice.
CREATE TABLE logout_token (
    issuer     text NOT NULL,
    jti        text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, jti)
);

CREATE TABLE api_token (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL REFERENCES person,
    -- The token that made this one. A child ends with its parent.
    parent_id    uuid REFERENCES api_token,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- SHA-256 of the secret; 160 random bits need no slow hash.
    hash         bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    -- What a person sees of it later: 'ptl_' and the first characters.
    hint         text NOT NULL,
    scopes       text[] NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_token_person ON api_token (person_id, created_at DESC);
CREATE INDEX api_token_parent ON api_token (parent_id) WHERE parent_id IS NOT NULL;

-- Answers to POSTs that carried an Idempotency-Key.
CREATE TABLE idempotency (
    person_id    uuid NOT NULL REFERENCES person,
    key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    route        text NOT NULL,
    request_hash bytea NOT NULL,
    -- NULL while the first request is under way.
    status       smallint,
    content_type text,
    body         bytea,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (person_id, key)
);

-- Counters of the rate limits: in the database, so that a crash resets none.
CREATE TABLE rate_limit (
    bucket       text NOT NULL,
    window_start timestamptz NOT NULL,
    count        integer NOT NULL,
    PRIMARY KEY (bucket, window_start)
);

GRANT SELECT, INSERT, UPDATE ON person TO portolan;
GRANT SELECT, INSERT, UPDATE, DELETE ON session, login_attempt, logout_token, idempotency, rate_limit TO portolan;
GRANT SELECT, INSERT, UPDATE ON api_token TO portolan;
