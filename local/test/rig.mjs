// What the stages work with: commands with a log, and a database, a sandbox and a stack that are started when first asked for.

import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { Children } from '../parts/children.mjs';
import { root } from '../parts/files.mjs';
import { freePort } from '../parts/ports.mjs';
import { startPostgres } from '../parts/postgres.mjs';
import { startSandbox } from '../parts/sandbox.mjs';
import { startStack } from '../stack.mjs';
import { crashable } from './crash.mjs';
import { Skip } from './skip.mjs';

export class Rig {
  failed = new Set();
  #closing = [];
  #made = new Map();

  constructor(logs) {
    this.logs = logs;
    this.folder = path.join(root, '.local/test');
    // Every run begins with nothing, as a new machine does.
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  begin(stage) {
    this.log = path.join(this.logs, `${stage}.log`);
    fs.writeFileSync(this.log, '');
  }

  note(text) {
    fs.appendFileSync(this.log, `${text}\n`);
  }

  /** Runs a command in the checkout, its output in the stage's log; rejects unless it exits with 0. */
  run(command, args, { env = {}, cwd = root } = {}) {
    this.note(`$ ${[command, ...args].join(' ')}`);
    const fd = fs.openSync(this.log, 'a');
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', fd, fd] });
      fs.closeSync(fd);
      child.once('error', reject);
      child.once('exit', (code, signal) => (code === 0 ? resolve() : reject(new Error(`${command} ${args[0] ?? ''} ended with ${signal ?? code}`))));
    });
  }

  /** Ends what a stage needs when another one that makes it has failed. */
  needs(stage) {
    if (this.failed.has(stage)) throw new Skip(`needs the stage ${stage}, which failed`);
  }

  /** A private Postgres: `{database, databaseOwner}`. */
  database() {
    return this.#once('database', async () => {
      const children = this.#children('database');
      return startPostgres({ children, folder: path.join(this.folder, 'database'), port: await freePort(), durable: false });
    });
  }

  /** A Postgres that is killed when it is told to: `{databaseOwner, kill}`. */
  crashable() {
    return this.#once('crashable', async () => {
      const made = await crashable({ folder: path.join(this.folder, 'crashable') });
      this.#closing.push(() => made.close());
      return made;
    });
  }

  /** A sandbox world of its own: `{url, kubernetes}`. */
  async sandbox() {
    const children = this.#children('sandbox');
    return startSandbox({ children, port: await freePort(), kubernetesPort: await freePort() });
  }

  /** The whole local stack on free ports: what startStack answers, and its `folder`. */
  stack() {
    return this.#once('stack', async () => {
      const folder = path.join(this.folder, 'stack');
      const crashes = [];
      const stack = await startStack({ folder, anywhere: true, durable: false, onCrash: (name, message) => crashes.push(message), progress: (text) => this.note(text) });
      this.#closing.push(() => stack.stop());
      return { ...stack, folder, crashes };
    });
  }

  /** Ends all that was started. */
  async clear() {
    for (const close of this.#closing.reverse()) await close();
    this.#closing = [];
  }

  #children(name) {
    const children = new Children({ logs: path.join(this.folder, name, 'logs') });
    this.#closing.push(() => children.stopAll());
    return children;
  }

  #once(name, make) {
    if (!this.#made.has(name)) this.#made.set(name, make());
    return this.#made.get(name);
  }
}
