// The benchmark's own tools: a number is worth nothing when the tool that makes it is wrong.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { writeCatalogue } from '../bench/catalogue.mjs';
import { load } from '../bench/load.mjs';
import { chance } from '../bench/random.mjs';
import { percentile } from '../bench/report.mjs';
import { canonical } from '../bench/seed/changes.mjs';
import { tell } from '../bench/seed/story.mjs';

/** Answers as `answer` does on a free port; gives the port. */
async function server(context, answer) {
  const one = http.createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => one.once('listening', resolve));
  context.after(() => new Promise((resolve) => { one.close(resolve); one.closeAllConnections(); }));
  return one.address().port;
}

test('every answer is counted once, however it is cut into packets', async (context) => {
  const served = {};
  const port = await server(context, (request, response) => {
    served[request.url] = (served[request.url] ?? 0) + 1;
    if (request.url === '/empty') response.writeHead(200, { 'content-length': 0 }).end();
    else if (request.url === '/length') response.writeHead(200, { 'content-length': 70_000 }).end('x'.repeat(70_000));
    else {
      // Chunks that end in the middle of packets, one of them after a pause.
      response.write('a'.repeat(65_536));
      response.write('\r\n0\r\n\r\n');
      setTimeout(() => response.end('z'), 2);
    }
  });
  const got = await load({ host: '127.0.0.1', port, paths: ['/empty', '/length', '/chunks'], connections: 7, seconds: 0.5, warmup: 0 });
  const all = Object.values(served).reduce((sum, n) => sum + n, 0);
  assert.ok(got.requests >= 7 && got.requests <= all && all - got.requests <= 2 * 7, `${got.requests} of ${all}`);
  assert.ok(Math.abs(served['/length'] - served['/chunks']) <= 7, JSON.stringify(served));
  assert.ok(got.bytes > 35_000 && got.bytes < 55_000, `${got.bytes} bytes on average`);
  assert.ok(got.p50 <= got.p95 && got.p95 <= got.p99 && got.p99 <= got.max);
});

test('any other answer than 200 ends the measurement', async (context) => {
  let n = 0;
  const port = await server(context, (_, response) => response.writeHead((n += 1) === 20 ? 429 : 200, { 'content-length': 2 }).end('ok'));
  await assert.rejects(load({ host: '127.0.0.1', port, paths: ['/'], connections: 2, seconds: 2, warmup: 0 }), /answered 429/);
});

test('a server that hangs up ends the measurement', async (context) => {
  const port = await server(context, (request) => request.socket.destroy());
  await assert.rejects(load({ host: '127.0.0.1', port, paths: ['/'], connections: 2, seconds: 2, warmup: 0 }));
});

test('the catalogue has exactly so many services, each once', (context) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portolan-bench-'));
  context.after(() => fs.rmSync(folder, { recursive: true }));
  writeCatalogue(path.join(folder, 'catalogue'), 3_000);
  const names = fs.readdirSync(path.join(folder, 'catalogue'), { recursive: true }).filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => fs.readFileSync(path.join(folder, 'catalogue', name), 'utf8').split(/^---$/m))
    .filter((text) => /^kind: Component$/m.test(text)).map((text) => /^ {2}name: (.*)$/m.exec(text)[1]);
  assert.equal(names.length, 3_000);
  assert.equal(new Set(names).size, 3_000);
});

test('ids are UUIDv7 and sort by time', () => {
  const random = chance(7);
  const ids = [1, 2, 1_000, 1.7e12, 1.9e12].map((at) => random.id(at));
  assert.deepEqual([...ids].sort(), ids);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(chance(7).id(5), chance(7).id(5));
  assert.notEqual(chance(7).id(5), chance(8).id(5));
});

test('canonical JSON is that of the portal', () => {
  // The same example as in app/domain/src/canonical.rs.
  assert.equal(canonical({ b: [1, { z: null, y: 'é\n' }], a: true }), '{"a":true,"b":[1,{"y":"é\\n","z":null}]}');
});

test('a story is consistent: what ran before is what succeeded last', () => {
  const places = [{ name: 'staging', regions: [{ region: 'p' }, { region: 'a' }] }, { name: 'production', regions: [{ region: 'p' }, { region: 'a' }] }];
  const services = Array.from({ length: 40 }, (_, n) => ({ id: `s${n}` }));
  const releases = new Map(services.map(({ id }) => [id, [1, 2, 3, 4, 5].map((n) => ({ version: `${id} ${n}` }))]));
  const { changes, deployed } = tell({ random: chance(3), services, releases, places, count: 1_000, from: 1e12, until: 1.06e12 });
  assert.equal(changes.length, 1_000);
  const running = new Map();
  for (const { service, place, state, release, current } of changes) {
    const key = `${service.id} ${place.name}`;
    // Where a failed change got to one region only, that region is told apart.
    assert.deepEqual(current[1]?.version, running.get(key)?.version);
    if (state === 'succeeded') running.set(key, release);
  }
  for (const { service, place, region, release } of deployed) {
    if (region === 'a') assert.equal(release, running.get(`${service.id} ${place.name}`));
  }
});

test('a percentile is a value that was measured', () => {
  assert.equal(percentile([5, 1, 4, 2, 3], 0.5), 3);
  assert.equal(percentile([5, 1, 4, 2, 3], 0.95), 5);
  assert.equal(percentile([7], 0.95), 7);
});
