// How many SQL statements a page is: the portal's own role has every statement logged, and one request is made at a time.

import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { keptSecret } from '../parts/files.mjs';
import { freePort, HOST } from '../parts/ports.mjs';
import { startPortal } from '../parts/portal.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const TRIES = 3;
/** Longer than totals are remembered for, so that every try counts anew. */
const APART_MS = 1_200;
const SETTLES_MS = 100;

/** A connection as the superuser of the bench's own Postgres. */
async function superuser(folder, database) {
  const url = new URL(database);
  url.username = 'postgres';
  url.password = keptSecret(path.join(folder, 'secrets/postgres'));
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  return client;
}

/**
 * Starts a second portal without a worker, whose statements are only those of its requests, and counts for every path.
 * Answers `path → {first, count, texts}`: of the first request, which may also note that somebody was here or looked into the log,
 * and of a later one, with nothing remembered but for a minute.
 */
export async function statements({ stack, folder, paths, headers }) {
  const admin = await superuser(folder, stack.addresses.database);
  const port = await freePort();
  const portal = `http://${HOST}:${port}`;
  const log = stack.children.log('postgres');
  try {
    await admin.query("ALTER ROLE portolan SET log_statement = 'all'");
    const env = { ...stack.env, PORTOLAN_LISTEN: `${HOST}:${port}`, PORTOLAN_WORKER__EMBEDDED: 'false' };
    await startPortal({ children: stack.children, env, publicUrl: portal, name: 'portal-counted' });
    const found = {};
    for (const one of paths) {
      let first;
      let texts;
      for (let n = 0; n < TRIES; n += 1) {
        const from = fs.statSync(log).size;
        const answer = await fetch(portal + one, { headers, redirect: 'manual' });
        await answer.arrayBuffer();
        if (answer.status !== 200) throw new Error(`GET ${one} answered ${answer.status}`);
        await sleep(SETTLES_MS);
        const now = logged(log, from);
        // Once a minute a session is noted as seen: not of this page.
        if (first === undefined) first = now.length;
        else if (!texts || now.length < texts.length) texts = now;
        await sleep(APART_MS);
      }
      found[one] = { first, count: texts.length, texts };
    }
    return found;
  } finally {
    await admin.query('ALTER ROLE portolan RESET log_statement');
    await admin.end();
    await stack.children.stop('portal-counted');
  }
}

/** The statements that Postgres logged after `from`; the lines of one belong together. */
function logged(file, from) {
  const text = fs.readFileSync(file).subarray(from).toString('utf8');
  return [...text.matchAll(/LOG:\s+(?:execute [^:\n]+|statement): ([^\n]*(?:\n\t[^\n]*)*)/g)].map(([, sql]) => sql.replace(/\s+/g, ' ').trim());
}

/** Writes everything that waits to the disk, so that no measurement pays for the seeding before it. */
export async function checkpoint(folder, database) {
  const admin = await superuser(folder, database);
  await admin.query('CHECKPOINT');
  await admin.end();
}
