// The processes of the stack: started with a log file each, watched, and ended together.

import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const guardian = fileURLToPath(new URL('./guardian.mjs', import.meta.url));
const PATIENCE_MS = 8_000;

/** The last lines of a log, for a message about what went wrong. */
export function tail(file, lines = 30) {
  try {
    return fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log)';
  }
}

export class Children {
  #running = new Map();
  #guardian;
  #stopping = false;

  /** `logs`: folder for `<name>.log`; `onCrash(name, message)`: a part ended that nobody asked to. */
  constructor({ logs, onCrash }) {
    this.logs = logs;
    this.onCrash = onCrash;
    fs.mkdirSync(logs, { recursive: true });
    this.#guardian = spawn(process.execPath, [guardian], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.#guardian.stdin.on('error', () => {}); // it left first; nothing to tell it
    this.#guardian.unref();
    this.#guardian.stdin.unref?.();
  }

  log(name) {
    return path.join(this.logs, `${name}.log`);
  }

  /** Opens the part's log anew and keeps that of the run before beside it. */
  openLog(name) {
    const file = this.log(name);
    if (fs.existsSync(file)) fs.renameSync(file, path.join(this.logs, `${name}.previous.log`));
    return fs.openSync(file, 'a', 0o600);
  }

  /**
   * Starts a part. `ready` is awaited and may throw; when the process ends before that, the error carries its log's tail.
   * `signal` is what asks it to end.
   */
  async start(name, command, args, { env = process.env, cwd, uid, gid, signal = 'SIGTERM', ready } = {}) {
    const fd = this.openLog(name);
    const child = spawn(command, args, { env, cwd, uid, gid, stdio: ['ignore', fd, fd], detached: true });
    fs.closeSync(fd);
    const ended = new Promise((resolve) => {
      child.once('error', (error) => resolve({ why: error.code === 'ENOENT' ? `${command} is not there` : error.message }));
      child.once('exit', (code, by) => resolve({ why: by ? `ended by ${by}` : `exit code ${code}` }));
    });
    if (child.pid) {
      this.#running.set(name, { child, signal, ended });
      this.#tell(`+ ${child.pid} ${signal}`);
    }
    let settled = false;
    const gone = ended.then(({ why }) => {
      if (child.pid) this.#tell(`- ${child.pid}`);
      this.#running.delete(name);
      const message = `${name} stopped (${why}). The end of ${this.log(name)}:\n${tail(this.log(name))}`;
      if (settled && !this.#stopping && !child.expected) this.onCrash?.(name, message);
      return Promise.reject(new Error(message));
    });
    gone.catch(() => {}); // reported through onCrash or the race below
    if (ready) await Promise.race([ready(), gone]);
    else if (!child.pid) await gone;
    settled = true;
    return child;
  }

  /** Runs a part to its end, e.g. the migrations; rejects with the tail of its log unless it exits with 0. */
  run(name, command, args, { env = process.env, cwd, uid, gid } = {}) {
    const fd = this.openLog(name);
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, { env, cwd, uid, gid, stdio: ['ignore', fd, fd] });
      fs.closeSync(fd);
      child.once('error', reject);
      child.once('exit', (code, by) => {
        if (code === 0) resolve();
        else reject(new Error(`${name} failed (${by ?? `exit code ${code}`}). The end of ${this.log(name)}:\n${tail(this.log(name))}`));
      });
    });
  }

  pid(name) {
    return this.#running.get(name)?.child.pid;
  }

  /** Ends one part and waits for it. */
  async stop(name) {
    const part = this.#running.get(name);
    if (!part) return;
    part.child.expected = true;
    killGroup(part.child.pid, part.signal);
    const timer = setTimeout(() => killGroup(part.child.pid, 'SIGKILL'), PATIENCE_MS);
    await part.ended;
    clearTimeout(timer);
    killGroup(part.child.pid, 'SIGKILL'); // what it started itself and left behind
  }

  /** Ends all, last started first. */
  async stopAll() {
    this.#stopping = true;
    for (const name of [...this.#running.keys()].reverse()) await this.stop(name);
    this.#guardian.stdin.end();
  }

  #tell(line) {
    if (this.#guardian.stdin.writable) this.#guardian.stdin.write(`${line}\n`);
  }
}

function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // the group is gone
  }
}

/** Waits until `probe` answers true, asking every 50 ms. */
export async function until(what, probe, timeoutMs = 30_000) {
  const end = Date.now() + timeoutMs;
  let last;
  for (;;) {
    try {
      if (await probe()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what} was not ready within ${timeoutMs / 1000} s${last ? ` (${last.cause?.message ?? last.message})` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
