// How long the portal takes from its start as a process to the first 200 on /readyz, the database being in place.

import { spawn } from 'node:child_process';
import http from 'node:http';
import { binary } from '../parts/binaries.mjs';
import { CONFIG } from '../parts/portal.mjs';
import { freePort, HOST } from '../parts/ports.mjs';

const PATIENCE_MS = 20_000;
const EVERY_MS = 2;

const status = (port) => new Promise((resolve) => {
  const request = http.get({ host: HOST, port, path: '/readyz', agent: false }, (response) => {
    response.resume();
    response.once('end', () => resolve(response.statusCode));
  });
  request.once('error', () => resolve(0));
});

/** Seconds of each of `runs` starts. */
export async function readyTimes({ env, runs }) {
  const times = [];
  for (let n = 0; n < runs; n += 1) {
    const port = await freePort();
    const { PORTOLAN_DATABASE__OWNER_URL: _, ...own } = env;
    const began = performance.now();
    const child = spawn(binary('portolan'), ['serve', '--config', CONFIG], { env: { ...own, PORTOLAN_LISTEN: `${HOST}:${port}` }, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      while ((await status(port)) !== 200) {
        if (child.exitCode !== null || performance.now() - began > PATIENCE_MS) throw new Error('the portal did not become ready');
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
      times.push((performance.now() - began) / 1000);
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  }
  return times;
}
