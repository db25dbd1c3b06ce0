// A real Postgres in a folder of the test's own: first start, restart, roles, what a crash leaves.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { Children } from '../parts/children.mjs';
import { freePort } from '../parts/ports.mjs';
import { clearStaleLock, startPostgres } from '../parts/postgres.mjs';

let folder;
let port;

before(async () => {
  // Closed, like a home folder: Postgres runs as another user when the test runs as root and must get through all the same.
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portolan-postgres-'));
  port = await freePort();
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

async function withPostgres(work, onCrash) {
  const children = new Children({ logs: path.join(folder, 'logs'), onCrash });
  try {
    await work(await startPostgres({ children, folder, port, durable: false }), children);
  } finally {
    await children.stopAll();
  }
}

async function query(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('the first start makes two roles, the second keeps the data', async () => {
  await withPostgres(async ({ database, databaseOwner }) => {
    await query(databaseOwner, "create table note (text text); insert into note values ('kept'); grant select on note to portolan");
    await assert.rejects(query(database, "insert into note values ('x')"), /permission denied/);
    await assert.rejects(query(database, 'create table other (x int)'), /permission denied/);
    await assert.rejects(query(database, 'create database more'), /permission denied/);
    await query(databaseOwner, 'create database more');
    await query(databaseOwner, 'drop database more');
  });
  await withPostgres(async ({ database }) => assert.deepEqual(await query(database, 'select text from note'), [{ text: 'kept' }]));
});

test('nothing of it can be read by others', () => {
  assert.equal(fs.statSync(path.join(folder, 'postgres')).mode & 0o077, 0);
  for (const secret of fs.readdirSync(path.join(folder, 'secrets'))) {
    assert.equal(fs.statSync(path.join(folder, 'secrets', secret)).mode & 0o077, 0, secret);
  }
});

test('a lock file of a dead or of another process is removed', async () => {
  const lock = path.join(folder, 'postgres/postmaster.pid');
  for (const pid of [process.pid, 2 ** 22 - 1]) {
    fs.writeFileSync(lock, `${pid}\n${path.join(folder, 'postgres')}\n`);
    if (process.getuid() === 0) fs.chmodSync(lock, 0o666);
    assert.equal(await clearStaleLock(path.join(folder, 'postgres')), 'removed');
    assert.ok(!fs.existsSync(lock));
  }
  assert.equal(await clearStaleLock(path.join(folder, 'postgres')), 'none');
});

test('a Postgres that an earlier run left is ended before the next begins', async () => {
  await withPostgres(async (first, children) => {
    const orphan = children.pid('postgres');
    port = await freePort();
    await withPostgres(async ({ database }) => {
      assert.throws(() => process.kill(orphan, 0), /ESRCH/);
      assert.equal((await query(database, 'select 1 as one'))[0].one, 1);
    });
  }, () => {});
});

test('a crash is told with the end of the log', async () => {
  let told;
  const crashed = new Promise((resolve) => { told = resolve; });
  await withPostgres(async (_, children) => {
    process.kill(children.pid('postgres'), 'SIGKILL');
    assert.match(await crashed, /postgres stopped \(ended by SIGKILL\)\. The end of .*postgres\.log:/);
  }, (name, message) => told(message));
});
