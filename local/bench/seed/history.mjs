// Two years of history in the database: people, releases, changes with evidence and digest, words, runs, audit events.
//
// The catalogue comes through the portal's own import; only what would take weeks to happen is written as rows, in the form in
// which the portal writes it. `check.mjs` has the portal read it back. Not seeded, because no list shows it: intents, attempts,
// AWS sessions, tickets and logs of runs.

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chance } from '../random.mjs';
import { changeRows } from './changes.mjs';
import { seedPeople } from './people.mjs';
import { readPlaces } from './places.mjs';
import { seedReleases } from './releases.mjs';
import { connect, insertRows } from './rows.mjs';
import { tell } from './story.mjs';

const DAY = 86_400_000;
const DAYS = 730;
const HOUR = 3_600_000;
const derived = fs.readFileSync(fileURLToPath(new URL('derived.sql', import.meta.url)), 'utf8').split(/^--;$/m);

/** Writes `changes` changes of all services but those of the local shop. Answers how many rows each table has then. */
export async function seedHistory({ owner, issuer, changes, progress = () => {} }) {
  const client = await connect(owner);
  try {
    const random = chance(2);
    const until = Date.now() - HOUR;
    const from = until - DAYS * DAY;
    const versions = { rules: 'seeded', policies: await policyVersion(client) };
    await client.query('BEGIN');
    const people = await seedPeople(client, { random, issuer, at: from - DAY });
    const places = await readPlaces(client);
    const { rows: services } = await client.query("SELECT id, name, team, image, pipeline FROM service WHERE system <> 'shop' ORDER BY name COLLATE \"C\"");
    progress('releases');
    const releases = await seedReleases(client, { random, services, people, from, until });
    const { changes: story, deployed } = tell({ random, services, releases, places, count: changes, from, until });
    progress('changes');
    const approvals = [];
    await insertRows(client, 'change', changeRows({ story, people, random, versions, approvals }));
    await insertRows(client, 'approval', approvals);
    await insertRows(client, 'deployment', deployed.map(({ service, place, region, release, change, at }) => {
      const when = new Date(at).toISOString();
      return { service_id: service.id, environment: place.name, region, release_id: release.id, change_id: change, since: when, verified_at: when };
    }));
    progress('runs and audit events');
    for (const statement of derived) await client.query(statement, statement.includes('$1') ? [versions.policies] : []);
    await client.query('UPDATE catalog_version SET version = version + 1');
    await client.query('COMMIT');
    progress('VACUUM ANALYZE');
    await client.query('VACUUM (ANALYZE)');
    return await counts(client);
  } finally {
    await client.end();
  }
}

/** The policies in force, as the portal's own events name them. */
async function policyVersion(client) {
  const { rows } = await client.query('SELECT policy_version FROM audit_event ORDER BY id DESC LIMIT 1');
  if (rows.length === 0) throw new Error('the portal has written no event yet; import the catalogue first');
  return rows[0].policy_version;
}

async function counts(client) {
  const tables = ['service', 'release', 'deployment', 'change', 'approval', 'run', 'step', 'audit_event', 'person'];
  const { rows } = await client.query(`SELECT ${tables.map((name) => `(SELECT count(*)::int FROM ${name}) AS ${name}`).join(', ')}, pg_database_size(current_database())::bigint AS bytes`);
  const { bytes, ...all } = rows[0];
  return { ...all, databaseMB: Math.round(Number(bytes) / 1e6) };
}
