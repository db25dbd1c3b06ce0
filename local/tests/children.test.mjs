import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Children, until } from '../parts/children.mjs';
import { root } from '../parts/files.mjs';

let logs;
before(() => { logs = fs.mkdtempSync(path.join(os.tmpdir(), 'portolan-children-')); });
after(() => fs.rmSync(logs, { recursive: true, force: true }));

const node = process.execPath;
const alive = (pid) => {
  try {
    process.kill(pid, 0);
    // A dead child of a dead parent may wait a moment to be reaped; that is not alive.
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('a part that ends before it is ready says why, with its log', async () => {
  const children = new Children({ logs });
  const ready = () => new Promise((resolve) => setTimeout(resolve, 5_000).unref());
  await assert.rejects(children.start('early', node, ['-e', 'console.error("no such file"); process.exit(3)'], { ready }), /early stopped \(exit code 3\)[^]*no such file/);
  await assert.rejects(children.start('absent', '/nowhere/program', [], { ready }), /\/nowhere\/program is not there/);
  await children.stopAll();
});

test('a part that will not go is killed, with what it started', async () => {
  const children = new Children({ logs });
  const file = path.join(logs, 'grandchild');
  const script = `process.on('SIGTERM', () => process.exit()); const c = require('child_process').spawn(process.execPath, ['-e', 'process.on("SIGTERM",()=>{});setInterval(()=>{},1000)']); require('fs').writeFileSync(${JSON.stringify(file)}, String(c.pid)); setInterval(()=>{}, 1000)`;
  await children.start('parent', node, ['-e', script], { ready: () => until('it', () => fs.existsSync(file) && fs.readFileSync(file, 'utf8') !== '') });
  const grandchild = Number(fs.readFileSync(file, 'utf8'));
  assert.ok(alive(grandchild));
  await children.stopAll();
  await until('the end of the grandchild', () => !alive(grandchild), 5_000);
});

test('when the script is killed, the guardian ends what it started', async () => {
  const script = `
    import { Children } from ${JSON.stringify(path.join(root, 'local/parts/children.mjs'))};
    const children = new Children({ logs: ${JSON.stringify(logs)} });
    await children.start('orphan', process.execPath, ['-e', 'setInterval(()=>{},1000)']);
    console.log(children.pid('orphan'));
    setInterval(() => {}, 1000);`;
  const parent = spawn(node, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
  assert.ok(alive(pid));
  parent.kill('SIGKILL');
  await until('the end of the orphan', () => !alive(pid), 5_000);
});

test('the log of the run before is kept', async () => {
  const children = new Children({ logs });
  await children.run('twice', node, ['-e', 'console.log("first")']);
  await children.run('twice', node, ['-e', 'console.log("second")']);
  assert.equal(fs.readFileSync(path.join(logs, 'twice.log'), 'utf8'), 'second\n');
  assert.equal(fs.readFileSync(path.join(logs, 'twice.previous.log'), 'utf8'), 'first\n');
  await children.stopAll();
});
