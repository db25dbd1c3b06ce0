// Which port each part listens on: the usual one, or a free one when it is taken.

import fs from 'node:fs';
import net from 'node:net';
import { Advice } from './log.mjs';

export const HOST = '127.0.0.1';

/** The usual ports, counted from the portal's. */
export const PARTS = ['portal', 'idp', 'sandbox', 'kubernetes', 'postgres'];

/** True when nothing listens on the port and we could. */
export function isFree(port, host = HOST) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.unref();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** A port that the system says is free now. */
export function freePort(host = HOST) {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host }, () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/**
 * The process that listens on a port, as far as this system tells (Linux, and only processes we may look at).
 * Returns `{pid, command}` or undefined.
 */
export function holder(port) {
  try {
    const inodes = new Set();
    for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
      if (!fs.existsSync(table)) continue;
      for (const line of fs.readFileSync(table, 'utf8').split('\n').slice(1)) {
        const field = line.trim().split(/\s+/);
        const listening = field[3] === '0A';
        if (listening && Number.parseInt(field[1].split(':')[1], 16) === port) inodes.add(`socket:[${field[9]}]`);
      }
    }
    if (inodes.size === 0) return undefined;
    for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const links = `/proc/${pid}/fd`;
      let open = [];
      try {
        open = fs.readdirSync(links);
      } catch {
        continue; // not ours to look at, or gone
      }
      for (const fd of open) {
        try {
          if (!inodes.has(fs.readlinkSync(`${links}/${fd}`))) continue;
        } catch {
          continue; // closed while we looked
        }
        const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
        return { pid: Number(pid), command: command.slice(0, 80) };
      }
    }
  } catch {
    // No /proc here: the message does without the name.
  }
  return undefined;
}

/** What to do about a port that was asked for by name and is taken. */
export function takenAdvice(port, who) {
  const by = who ? `process ${who.pid} (${who.command})` : 'another process';
  const stop = who ? `stop it (kill ${who.pid})` : 'stop that process';
  return `port ${port} is taken by ${by}; ${stop} or choose another port: PORT=${port + 100} make run`;
}

function movedText(part, usual, port) {
  const who = holder(usual);
  return `port ${usual} is taken${who ? ` by process ${who.pid} (${who.command})` : ''}; the ${part} listens on ${port}`;
}

/**
 * Chooses a port for every part.
 *
 * `wanted` is a port the person named (then it is that one or an error); `base` is the usual first port; `remembered` are the
 * ports of the last run, taken again where the usual one is still taken; `anywhere` asks the system for all.
 * Returns `{ports, moved}`; `moved` says in words which part could not have its usual port.
 */
export async function choosePorts({ wanted, remembered = {}, base = 3000, anywhere = false } = {}) {
  const ports = {};
  const moved = [];
  const given = new Set();
  if (wanted !== undefined) {
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > 65535) throw new Advice('PORT must be a number from 1 to 65535');
    if (!(await isFree(wanted))) throw new Advice(takenAdvice(wanted, holder(wanted)));
    ports.portal = wanted;
    given.add(wanted);
  }
  const first = wanted ?? base;
  for (const [offset, part] of PARTS.entries()) {
    if (ports[part]) continue;
    const usual = first + offset;
    const choices = anywhere ? [] : [usual, remembered[part]];
    for (const port of choices) {
      if (port && port <= 65535 && !given.has(port) && (await isFree(port))) {
        ports[part] = port;
        if (port !== usual) moved.push(movedText(part, usual, port));
        break;
      }
    }
    while (!ports[part]) {
      const port = await freePort();
      if (given.has(port)) continue;
      ports[part] = port;
      if (!anywhere) moved.push(movedText(part, usual, port));
    }
    given.add(ports[part]);
  }
  return { ports, moved };
}
