-- What follows from the changes and the words on them: grants, runs with their steps, audit events. Separated by lines of `--;`.

CREATE FUNCTION pg_temp.id_at(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    -- UUIDv7: 48 bits of milliseconds, then version, variant and chance.
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send(floor(extract(epoch FROM at) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;
--;
CREATE TEMP TABLE moment AS
    SELECT c.id, c.state, c.environment, c.evidence_digest, c.created_at AS asked, coalesce(a.at, c.created_at) AS decided, c.updated_at AS ended,
           a.person_id AS approver_id, p.login AS approver,
           -- Where a failed run stopped: any step after the first.
           CASE WHEN c.state = 'failed' THEN 1 + abs(hashtext(c.id::text)) % (5 * json_array_length(c.evidence::json -> 'targets') - 1) END AS failed_at
    FROM change c LEFT JOIN approval a ON a.change_id = c.id LEFT JOIN person p ON p.id = a.person_id;
--;
CREATE UNIQUE INDEX ON moment (id);
--;
ANALYZE moment;
--;
INSERT INTO run_grant (id, change_id, evidence_digest, made_at, consumed_at)
    SELECT pg_temp.id_at(decided), id, evidence_digest, decided, CASE WHEN state <> 'stale' THEN decided END
    FROM moment WHERE state IN ('succeeded', 'failed', 'stale') ORDER BY decided;
--;
INSERT INTO run (id, change_id, grant_id, state, started_at, finished_at)
    SELECT pg_temp.id_at(m.decided), m.id, g.id, m.state, m.decided, m.ended
    FROM moment m JOIN run_grant g ON g.change_id = m.id WHERE m.state IN ('succeeded', 'failed') ORDER BY m.decided;
--;
INSERT INTO step (id, run_id, position, region, kind, state, due_at, attempts, lease_epoch, started_at, finished_at, note)
    SELECT pg_temp.id_at(r.started_at), r.id, s.position, s.region, s.kind, s.state, r.started_at, 1, 1,
           CASE WHEN s.state <> 'skipped' THEN r.started_at + (s.position * 15) * interval '1 second' END,
           CASE WHEN s.state <> 'skipped' THEN r.started_at + (s.position * 15 + 14) * interval '1 second' END,
           CASE WHEN s.state = 'failed' THEN '1 of 2 pods is not ready.' END
    FROM run r JOIN moment m ON m.id = r.change_id JOIN change c ON c.id = m.id
    CROSS JOIN LATERAL (
        SELECT position, target ->> 'region' AS region, kind,
               CASE WHEN m.failed_at IS NULL OR position < m.failed_at THEN 'succeeded' WHEN position = m.failed_at THEN 'failed' ELSE 'skipped' END AS state
        FROM (SELECT target, kind, ((t - 1) * 5 + k - 1)::int AS position
              FROM json_array_elements(c.evidence::json -> 'targets') WITH ORDINALITY AS targets (target, t),
                   unnest(ARRAY['check_cluster', 'check_image', 'trigger_pipeline', 'follow_pipeline', 'verify_rollout']) WITH ORDINALITY AS kinds (kind, k)) AS planned
    ) AS s ORDER BY r.id, s.position;
--;
INSERT INTO audit_event (id, at, kind, outcome, door, person_id, person_login, credential_id, subject_kind, subject_id, change_id, request_id, ip, policy_version, record)
    SELECT e.id, e.at, e.kind, 'success', e.door, e.person_id, e.login, NULL, 'change', e.change_id::text, e.change_id, e.request_id, e.ip, $1,
           -- Canonical: keys in order, no white space.
           concat('{"at":', to_json(to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), ',"change":"', e.change_id, '","credential":null,"data":',
               e.data, ',"door":"', e.door, '","id":"', e.id, '","ip":', coalesce(to_json(e.ip)::text, 'null'), ',"kind":"', e.kind, '","login":', coalesce(to_json(e.login)::text, 'null'),
               ',"outcome":"success","person":', coalesce(to_json(e.person_id)::text, 'null'), ',"policy_version":', to_json($1::text), ',"request_id":"', e.request_id,
               '","schema":1,"subject":{"id":"', e.change_id, '","kind":"change"}}')
    FROM (
        SELECT pg_temp.id_at(h.at) AS id, h.at, h.kind, h.person_id, h.login, h.data, m.id AS change_id, pg_temp.id_at(h.at) AS request_id,
               CASE WHEN h.login IS NULL THEN 'portal' ELSE h.door END AS door, CASE WHEN h.door = 'person' THEN '10.20.30.40' END AS ip
        FROM moment m JOIN change c ON c.id = m.id
        CROSS JOIN LATERAL (VALUES
            (m.asked, 'change.requested', c.requester_id, c.requester_login, 'person', true,
                concat('{"environment":"', c.environment, '","evidence_digest":"', encode(c.evidence_digest, 'hex'), '","kind":"deploy","reason":', to_json(c.reason),
                       ',"retry_of":null,"service":"', c.service, '","version":"', c.version, '"}')),
            (m.asked + interval '1 ms', 'change.planned', c.requester_id, c.requester_login, 'person', true, '{"from":"requested","to":"planning"}'),
            (m.decided, 'change.approved', m.approver_id, m.approver, 'person', m.approver IS NOT NULL AND m.state <> 'rejected',
                concat('{"comment":"","evidence_digest":"', encode(c.evidence_digest, 'hex'), '","stepped_up":', c.protected::text, '}')),
            (m.decided, 'change.rejected', m.approver_id, m.approver, 'person', m.state = 'rejected', concat('{"comment":', to_json(c.state_reason), '}')),
            (m.decided + interval '1 ms', 'change.ready', m.approver_id, m.approver, 'person', m.state IN ('succeeded', 'failed', 'stale'), '{"to":"approved"}'),
            (m.decided + interval '2 ms', 'change.started', c.requester_id, c.requester_login, 'job', m.state IN ('succeeded', 'failed'), '{"from":"approved","to":"running"}'),
            (m.ended, concat('change.', m.state), c.requester_id, c.requester_login, 'job', m.state IN ('succeeded', 'failed', 'stale'), concat('{"to":"', m.state, '"}')),
            (m.ended, concat('change.', m.state), c.requester_id, c.requester_login, 'person', m.state = 'cancelled', '{"to":"cancelled"}'),
            (m.ended, 'change.expired', NULL, NULL, 'portal', m.state = 'expired', '{"to":"expired"}')
        ) AS h (at, kind, person_id, login, door, happened, data)
        WHERE h.happened ORDER BY h.at
    ) AS e;
--;
INSERT INTO audit_event (id, at, kind, outcome, door, person_id, person_login, credential_id, subject_kind, subject_id, change_id, request_id, ip, policy_version, record)
    SELECT e.id, e.at, e.kind, e.outcome, 'person', e.person_id, e.login, NULL, 'person', e.person_id::text, NULL, e.request_id, '10.20.30.40', $1,
           concat('{"at":', to_json(to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), ',"change":null,"credential":null,"data":', e.data,
               ',"door":"person","id":"', e.id, '","ip":"10.20.30.40","kind":"', e.kind, '","login":', to_json(e.login), ',"outcome":"', e.outcome, '","person":"', e.person_id,
               '","policy_version":', to_json($1::text), ',"request_id":"', e.request_id, '","schema":1,"subject":{"id":"', e.person_id, '","kind":"person"}}')
    FROM (
        -- One sign-in for every five changes, one denial for every hundred.
        SELECT pg_temp.id_at(m.asked) AS id, m.asked AS at, c.requester_id AS person_id, c.requester_login AS login, pg_temp.id_at(m.asked) AS request_id, h.*
        FROM (SELECT row_number() OVER (ORDER BY id) AS n, id, asked FROM moment) AS m JOIN change c ON c.id = m.id
        CROSS JOIN LATERAL (VALUES ('session.signed_in', 'success', m.n % 5 = 0, '{"mfa":false}'),
            ('policy.denied', 'denied', m.n % 100 = 0, '{"code":"forbidden","detail":"Whoever asked for a change never approves it. Somebody else has to.","fields":[]}')
        ) AS h (kind, outcome, happened, data)
        WHERE h.happened ORDER BY m.asked
    ) AS e;
