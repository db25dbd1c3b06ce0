-- The portal's own database role. The owner runs migrations; `portolan` only does what is granted below.
-- On RDS the role exists already (made with IAM authentication); here it is made without a login.
DO $$
BEGIN
    CREATE ROLE portolan NOLOGIN;
EXCEPTION
    -- Made before, or by a migration of another database at this very moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
GRANT USAGE ON SCHEMA public TO portolan;
