// From the last approval to the first step under way: real changes of the local shop, in staging, by the API.

import { callWithToken } from '../parts/person.mjs';
import { connect } from './seed/rows.mjs';

/** Services that the sandbox world knows, with somebody who may ask and somebody who may agree. */
const SERVICES = [['cart', 'developer', 'developer2'], ['checkout', 'developer', 'developer2'], ['payment', 'developer2', 'developer'],
  ['product-catalog', 'catalog-developer', 'manager2'], ['search', 'catalog-developer', 'manager2'], ['recommendation', 'catalog-developer', 'manager2']];
const VERSIONS = ['1.1.0', '1.2.0'];
const PATIENCE_MS = 120_000;
const FINAL = ['succeeded', 'failed', 'cancelled', 'stale', 'needs_attention'];

/**
 * Asks for and approves `count` changes, one at a time; a service's next one when the last has ended.
 * Answers `{ms: number[], ends: {state: count}}`, the times from the database: a step's `started_at` less the approval's `at`.
 */
export async function approvals({ portal, tokens, owner, count }) {
  const client = await connect(owner);
  const changes = [];
  const ends = {};
  try {
    for (let round = 0; changes.length < count; round += 1) {
      const now = [];
      for (const [service, asks, agrees] of SERVICES.slice(0, count - changes.length)) {
        const id = await approved(portal, tokens, { service, version: VERSIONS[round % VERSIONS.length], asks, agrees });
        await until(client, `the first step of ${id}`, 'SELECT 1 FROM step s JOIN run r ON r.id = s.run_id WHERE r.change_id = $1 AND s.started_at IS NOT NULL LIMIT 1', [id]);
        now.push(id);
      }
      for (const id of now) {
        await until(client, `the end of ${id}`, 'SELECT 1 FROM change WHERE id = $1 AND state = ANY($2)', [id, FINAL]);
      }
      changes.push(...now);
    }
    const { rows } = await client.query(`
      SELECT c.state, extract(epoch FROM (SELECT min(s.started_at) FROM step s JOIN run r ON r.id = s.run_id WHERE r.change_id = c.id)
                                       - (SELECT max(a.at) FROM approval a WHERE a.change_id = c.id))::float8 * 1000 AS ms
      FROM change c WHERE c.id = ANY($1) ORDER BY ms`, [changes]);
    for (const { state } of rows) ends[state] = (ends[state] ?? 0) + 1;
    return { ms: rows.map(({ ms }) => ms), ends };
  } finally {
    await client.end();
  }
}

async function approved(portal, tokens, { service, version, asks, agrees }) {
  const wish = { kind: 'deploy', service, version, environment: 'staging', reason: 'Measuring how soon it starts' };
  const asked = await callWithToken(portal, tokens[asks], 'POST', '/changes', wish);
  if (asked.status >= 300) throw new Error(`asking for ${service} ${version} was answered ${asked.status}: ${JSON.stringify(asked.body)}`);
  const { id, evidence_digest: digest } = asked.body;
  const word = { decision: 'approve', evidence_digest: digest, comment: '' };
  const given = await callWithToken(portal, tokens[agrees], 'POST', `/changes/${id}/approvals`, word);
  if (given.status >= 300) throw new Error(`approving ${id} was answered ${given.status}: ${JSON.stringify(given.body)}`);
  return id;
}

async function until(client, what, sql, values) {
  const end = Date.now() + PATIENCE_MS;
  while ((await client.query(sql, values)).rowCount === 0) {
    if (Date.now() > end) throw new Error(`${what} did not come within ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
