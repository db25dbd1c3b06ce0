// The stack that `make test` started, through the interfaces that people and scripts use.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { people } from '../idp/people.mjs';
import { readJson } from '../parts/files.mjs';
import { callWithToken } from '../parts/person.mjs';
import { EXTRA, imageDigest, listAll, VERSIONS } from '../parts/seed.mjs';
import { seedAll } from '../stack.mjs';

const folder = process.env.PORTOLAN_FOLDER;
const stack = readJson(path.join(folder, 'stack.json'));
const tokens = () => readJson(path.join(folder, 'tokens.json'));
const employees = people.filter(({ groups }) => groups.length > 0);

test('stack.json names the address of each part, and only its owner can read it', async () => {
  assert.deepEqual(Object.keys(stack).sort(), ['database', 'database_owner', 'idp', 'kubernetes', 'portal', 'sandbox']);
  for (const file of ['stack.json', 'tokens.json']) assert.equal(fs.statSync(path.join(folder, file)).mode & 0o077, 0, file);
  assert.equal((await fetch(`${stack.portal}/healthz`)).status, 200);
  assert.equal((await fetch(`${stack.portal}/readyz`)).status, 200);
  assert.equal((await (await fetch(`${stack.idp}/.well-known/openid-configuration`)).json()).issuer, stack.idp);
  assert.equal((await fetch(`${stack.sandbox}/_world/state`)).status, 200);
});

test('every person of the shop has a token of their own that works', async () => {
  for (const { login } of employees) {
    const { status, body } = await callWithToken(stack.portal, tokens()[login], 'GET', '/me');
    assert.equal(status, 200, login);
    assert.ok(JSON.stringify(body).includes(`"${login}"`), `${login} is told who they are: ${JSON.stringify(body)}`);
  }
  assert.equal(new Set(employees.map(({ login }) => tokens()[login])).size, employees.length);
});

test('the catalogue and the releases of the shop are there', async () => {
  const services = await listAll(stack.portal, tokens().administrator, '/services');
  assert.ok(services.length >= 12, `${services.length} services`);
  for (const { name } of services) {
    const releases = await listAll(stack.portal, tokens().administrator, `/services/${name}/releases`);
    const extra = EXTRA.filter(({ service }) => service === name).map(({ version }) => version);
    assert.deepEqual(releases.map(({ version }) => version).sort(), [...VERSIONS, ...extra].sort(), name);
    assert.ok(JSON.stringify(releases).includes(imageDigest(name, '1.0.0')), name);
  }
});

test('seeding again changes nothing', async () => {
  const before = tokens();
  const again = await seedAll({ portal: stack.portal, folder });
  assert.equal(again.tokens, 0);
  assert.equal(again.releases.posted, 0);
  assert.deepEqual(tokens(), before);
});

test('the portal’s role in the database may not alter the audit log nor the schema', async () => {
  const client = new pg.Client({ connectionString: stack.database });
  await client.connect();
  try {
    assert.ok(Number((await client.query('select count(*) from audit_event')).rows[0].count) > 0, 'sign-ins are in the audit log');
    for (const sql of ['update audit_event set id = id', 'delete from audit_event', 'truncate audit_event', 'drop table audit_event', 'create table mine (x int)']) {
      await assert.rejects(client.query(sql), /permission denied|must be owner/, sql);
    }
  } finally {
    await client.end();
  }
});

test('the pages’ styles, scripts and WASM are served', async () => {
  const html = await (await fetch(`${stack.portal}/`, { headers: { accept: 'text/html' } })).text();
  const links = [...html.matchAll(/(?:href|src)="(\/pkg\/[^"]+)"/g)].map(([, link]) => link);
  assert.ok(links.some((link) => link.endsWith('.css')), html.slice(0, 2_000));
  for (const link of new Set(links)) assert.equal((await fetch(stack.portal + link)).status, 200, link);
});
