// Whether the portal reads what was seeded as its own: otherwise its numbers would be of error pages.

import { createHash } from 'node:crypto';
import { callWithToken } from '../parts/person.mjs';
import { connect } from './seed/rows.mjs';

const EACH = 4;

/** Reads changes of every state with their evidence, and pages of the audit log, through the API. Answers how many of each. */
export async function checkSeeded({ portal, token, owner }) {
  const client = await connect(owner);
  const { rows } = await client.query(`SELECT id, encode(evidence_digest, 'hex') AS digest FROM (
    SELECT *, row_number() OVER (PARTITION BY state ORDER BY id DESC) AS n FROM change WHERE service IS NOT NULL) AS c WHERE n <= $1`, [EACH]);
  await client.end();
  for (const { id, digest } of rows) {
    const change = await callWithToken(portal, token, 'GET', `/changes/${id}`);
    if (change.status !== 200) throw new Error(`the seeded change ${id} is answered with ${change.status}: ${JSON.stringify(change.body)}`);
    const evidence = await fetch(`${portal}/api/v1/changes/${id}/evidence`, { headers: { authorization: `Bearer ${token}` } });
    const found = createHash('sha256').update(await evidence.text()).digest('hex');
    if (evidence.status !== 200 || found !== digest) throw new Error(`the evidence of the seeded change ${id} has another digest than was seeded`);
  }
  let events = 0;
  let cursor;
  for (let page = 0; page < 10; page += 1) {
    const answer = await callWithToken(portal, token, 'GET', `/audit/events?limit=100${cursor ? `&cursor=${cursor}` : ''}`);
    if (answer.status !== 200) throw new Error(`seeded audit events are answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
    events += answer.body.items.length;
    cursor = answer.body.next_cursor;
  }
  return { changes: rows.length, events };
}

/** How many rows a page shows; none is an error, since then nothing of interest would be measured. */
export async function rowsOf(url, headers) {
  const answer = await fetch(url, { headers, redirect: 'manual' });
  const html = await answer.text();
  const body = /<main\b.*?<tbody\b[^>]*>(.*?)<\/tbody>/s.exec(html)?.[1] ?? '';
  const rows = body.match(/<tr\b/g)?.length ?? 0;
  if (answer.status !== 200 || rows === 0) throw new Error(`GET ${url} answered ${answer.status} with ${rows} rows`);
  return { rows, bytes: Buffer.byteLength(html) };
}
