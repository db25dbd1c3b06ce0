import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { choosePorts, freePort, holder, isFree, PARTS, takenAdvice } from '../parts/ports.mjs';

/** Listens on a port for the length of a test. */
async function occupy(context, port = 0) {
  const server = net.createServer().listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  context.after(() => server.close());
  return server.address().port;
}

/** The first of a row of ports that are all free. */
async function freeRow() {
  for (;;) {
    const base = await freePort();
    const row = PARTS.map((_, offset) => base + offset);
    if (base < 60_000 && (await Promise.all(row.map((port) => isFree(port)))).every(Boolean)) return base;
  }
}

test('the usual ports are taken in a row', async () => {
  const base = await freeRow();
  const { ports, moved } = await choosePorts({ base });
  assert.deepEqual(Object.values(ports), PARTS.map((_, offset) => base + offset));
  assert.deepEqual(moved, []);
});

test('a taken port is replaced for that part alone, and said with who has it', async (context) => {
  const base = await freeRow();
  await occupy(context, base + 1);
  const { ports, moved } = await choosePorts({ base });
  assert.equal(ports.portal, base);
  assert.notEqual(ports.idp, base + 1);
  assert.equal(ports.sandbox, base + 2);
  assert.equal(moved.length, 1);
  assert.match(moved[0], new RegExp(`port ${base + 1} is taken.*the idp listens on ${ports.idp}`));
  if (process.platform === 'linux') assert.match(moved[0], new RegExp(`process ${process.pid} `));
});

test('where the usual port is still taken, that of the last run is taken again', async (context) => {
  const base = await freeRow();
  await occupy(context, base);
  const remembered = { portal: await freePort(), idp: await freePort() };
  const { ports, moved } = await choosePorts({ base, remembered });
  assert.equal(ports.portal, remembered.portal);
  assert.equal(ports.idp, base + 1);
  assert.match(moved.join(), new RegExp(`port ${base} is taken.*the portal listens on ${remembered.portal}`));
});

test('a named port that is taken is an error that says how to go on', async (context) => {
  const port = await occupy(context);
  await assert.rejects(choosePorts({ wanted: port }), (error) => error.message.includes(`port ${port} is taken`) && error.message.includes('PORT='));
  for (const bad of [Number.NaN, 0, 70_000]) await assert.rejects(choosePorts({ wanted: bad }), /PORT must be a number/);
  assert.match(takenAdvice(3000, { pid: 7, command: 'x' }), /process 7 \(x\); stop it \(kill 7\)/);
});

test('all ports differ when any will do', async () => {
  const { ports, moved } = await choosePorts({ anywhere: true });
  assert.equal(new Set(Object.values(ports)).size, PARTS.length);
  assert.deepEqual(moved, []);
});

test('nobody holds a free port', async () => {
  assert.equal(holder(await freePort()), undefined);
});
