-- The portal's own database role. The owner runs migrations; `portolan` only does what is granted below.
-- Where the owner may not make roles (on RDS it is made with IAM authentication beforehand), it is there already.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portolan') THEN
        CREATE ROLE portolan NOLOGIN;
    END IF;
EXCEPTION
    -- Made by a migration of another database at this very moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
GRANT USAGE ON SCHEMA public TO portolan;
-- The portal compares what was applied with what it was built for before it serves.
GRANT SELECT ON _sqlx_migrations TO portolan;
