// The start-up script as a person uses it: one stack of its own, started, refused twice, stopped in each way there is.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { readJson, root } from '../parts/files.mjs';
import { freePort, isFree } from '../parts/ports.mjs';
import { until } from '../parts/children.mjs';

const up = path.join(root, 'local/up.mjs');
let folder;
before(() => { folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portolan-up-')); });
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Starts the script and waits for its word that all is ready. */
async function start(args = [], env = {}) {
  const child = spawn(process.execPath, [up, '--folder', folder, '--no-seed', ...args], { env: { ...process.env, NO_COLOR: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const out = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { out.text += chunk; });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  await Promise.race([until('the stack', () => out.text.includes('is ready'), 90_000), ended.then((how) => { throw new Error(`ended with ${how}: ${out.text}`); })]);
  return { child, out, ended };
}

/** The ports of all parts of the last start. */
const ports = () => ['portal', 'idp', 'sandbox', 'kubernetes', 'database'].map((part) => Number(new URL(readJson(path.join(folder, 'stack.json'))[part]).port));
const allFree = async () => (await Promise.all(ports().map((port) => isFree(port)))).every(Boolean);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL']) {
  test(`${signal} ends every part`, async () => {
    const { child, ended, out } = await start(['--anywhere']);
    assert.equal((await fetch(`${readJson(path.join(folder, 'stack.json')).portal}/healthz`)).status, 200);
    for (const login of ['developer', 'manager', 'auditor', 'operator', 'administrator']) assert.match(out.text, new RegExp(`^ +${login} `, 'm'));
    child.kill(signal);
    assert.equal(await ended, signal === 'SIGKILL' ? 'SIGKILL' : 0);
    await until('the end of all parts', allFree, 20_000);
  });
}

test('when make or the shell that started it is killed, every part ends', async () => {
  const shell = spawn('sh', ['-c', `"${process.execPath}" "${up}" --folder "${folder}" --no-seed --anywhere & wait`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  shell.stdout.on('data', (chunk) => { text += chunk; });
  await until('the stack', () => text.includes('is ready'), 90_000);
  shell.kill('SIGKILL');
  await until('the end of all parts', allFree, 20_000);
});

test('a second start on the same folder is refused and says who runs', async () => {
  const { child, ended } = await start(['--anywhere']);
  const second = spawnSync(process.execPath, [up, '--folder', folder], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  assert.equal(second.status, 1);
  assert.match(second.stderr, new RegExp(`the stack already runs \\(process ${child.pid}, http://127\\.0\\.0\\.1:`));
  child.kill('SIGINT');
  await ended;
});

test('a named port that is taken is an error; an unnamed one is replaced', async (context) => {
  const port = await freePort();
  const server = net.createServer().listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  context.after(() => server.close());
  const named = spawnSync(process.execPath, [up, '--folder', folder], { encoding: 'utf8', env: { ...process.env, PORT: `${port}`, NO_COLOR: '1' } });
  assert.equal(named.status, 1);
  assert.match(named.stderr, new RegExp(`port ${port} is taken by .*PORT=`));
});

test('a part that dies is told with the end of its log, and the rest ends', async () => {
  const { child, ended, out } = await start(['--anywhere']);
  const idp = spawnSync('pgrep', ['-P', `${child.pid}`, '-f', 'idp/main.mjs'], { encoding: 'utf8' }).stdout.trim();
  process.kill(Number(idp), 'SIGKILL');
  assert.equal(await ended, 1);
  assert.match(out.text, /error: idp stopped \(ended by SIGKILL\)\. The end of .*idp\.log:/);
  await until('the end of all parts', allFree, 20_000);
});
