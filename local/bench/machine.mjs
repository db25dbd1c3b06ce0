// What the numbers were measured on, and what else this machine was busy with meanwhile.

import fs from 'node:fs';
import os from 'node:os';

const TICKS_PER_SECOND = 100; // USER_HZ, which Linux fixes for /proc

/** Processor, cores, memory, kernel. */
export function machine() {
  const cpus = os.cpus();
  return {
    processor: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
  };
}

/** The load average of the last minute. */
export const loadNow = () => os.loadavg()[0];

const stat = (pid) => {
  // The command's name, in parentheses, may hold spaces.
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  const [user, system, endedUser, endedSystem] = fields.slice(11, 15).map((ticks) => Number(ticks) / TICKS_PER_SECOND);
  return { parent: Number(fields[1]), cpu: user + system, ended: endedUser + endedSystem };
};

/** Seconds of processor time that a process has used. */
export const cpuOf = (pid) => stat(pid).cpu;

/** The same of a process and all it started, also what has ended since: Postgres with its backends and workers. */
export function cpuOfTree(root) {
  let total = 0;
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const { parent, cpu, ended } = stat(name);
      if (Number(name) === root) total += cpu + ended;
      else if (parent === root) total += cpu;
    } catch {
      // ended while we looked
    }
  }
  return total;
}

/** Seconds that all cores together were busy since the machine started. */
export function cpuOfAll() {
  const [user, nice, system, , , irq, softirq, steal] = fs.readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

/** Memory of a process in MB of 10^6 bytes: resident now and at most, and its own share of it. */
export function memoryOf(pid) {
  const read = (file) => fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
  const kB = (text, name) => (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024) / 1e6;
  const status = read('status');
  return { resident: kB(status, 'VmRSS'), peak: kB(status, 'VmHWM'), proportional: kB(read('smaps_rollup'), 'Pss') };
}
