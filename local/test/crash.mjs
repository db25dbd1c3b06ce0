// A Postgres of one's own that dies when it is told to: `kill -9` of every process of it, then a start on what is left.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Children } from '../parts/children.mjs';
import { freePort, HOST } from '../parts/ports.mjs';
import { startPostgres } from '../parts/postgres.mjs';

const pidsUnder = (pid) => spawnSync('ps', ['-o', 'pid=', '--ppid', `${pid}`], { encoding: 'utf8' }).stdout.split('\n').map(Number).filter((n) => n > 1);

/** `{databaseOwner, kill, close}`: a POST to `kill` is answered when the database is back. */
export async function crashable({ folder }) {
  const port = await freePort();
  let children;
  const start = () => {
    children = new Children({ logs: path.join(folder, 'logs'), onCrash: () => {} });
    // Durable, as in production: otherwise it forgets what it had said was kept.
    return startPostgres({ children, folder, port });
  };
  const { databaseOwner } = await start();

  async function kill() {
    const postmaster = Number.parseInt(fs.readFileSync(path.join(folder, 'postgres/postmaster.pid'), 'utf8'), 10);
    for (const pid of [postmaster, ...pidsUnder(postmaster)]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        // Gone between the list and the blow.
        if (error.code !== 'ESRCH') throw error;
      }
    }
    await children.stopAll();
    await start();
  }

  const server = http.createServer((request, response) => {
    kill().then(
      () => response.writeHead(204).end(),
      (error) => response.writeHead(500).end(`${error.stack}`),
    );
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  return {
    databaseOwner,
    kill: `${HOST}:${server.address().port}`,
    async close() {
      server.close();
      await children.stopAll();
    },
  };
}
