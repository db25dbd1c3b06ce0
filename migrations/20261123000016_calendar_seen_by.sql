-- Whether somebody who sees the services of these teams (NULL: of all) may know of a window, freeze or stop: one that is
-- about everything may hold theirs too, one that names a service, team or system is about those only.
CREATE FUNCTION schedule_entry_seen_by(entry schedule_entry, teams text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN teams IS NULL THEN true
        WHEN num_nonnulls(entry.service, entry.team, entry.system) = 0 THEN cardinality(teams) > 0
        ELSE coalesce(entry.team = ANY (teams), false) OR EXISTS (
            SELECT FROM service s
            WHERE (entry.service IS NULL OR s.name = entry.service) AND (entry.team IS NULL OR s.team = entry.team)
              AND (entry.system IS NULL OR s.system = entry.system) AND s.team = ANY (teams))
    END
$$;
