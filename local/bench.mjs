// Measures a release build with 10,000 services and 100,000 changes, and prints each goal beside its result.
//
//   node local/bench.mjs              everything: some minutes besides the build
//   node local/bench.mjs --quick      shorter cells, 10,000 changes: for a look while working
//   node local/bench.mjs --no-build   the release build that is there
//
// It is a measurement and no test: it fails only when something could not be measured. The whole machine is shared by the portal, its
// database, the load and the browser, and with whatever else runs; what that took stands beside every number.

import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bench } from './bench/bench.mjs';
import { buildRelease, freezeRelease } from './bench/release.mjs';
import { Report } from './bench/report.mjs';
import { root } from './parts/files.mjs';
import { dim, fail, say } from './parts/log.mjs';
import { claim } from './parts/running.mjs';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, 'no-build': { type: 'boolean', default: false }, folder: { type: 'string', default: path.join(root, '.local/bench') } },
});
const folder = path.resolve(options.folder);

const stops = [];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, async () => {
    for (const stop of stops.reverse()) await stop();
    process.exit(130);
  });
}

let release;
try {
  fs.mkdirSync(folder, { recursive: true });
  release = claim(folder);
  if (!options['no-build']) buildRelease();
  const binaries = path.join(folder, 'release');
  const env = freezeRelease(binaries);
  process.env.PORTOLAN_BINARIES = binaries; // read by local/parts/binaries.mjs
  const report = new Report({ quick: options.quick });
  const { processor, cores, memoryGiB, system } = report.machine;
  say(dim(`${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}; everything on this machine, loopback, no TLS`));
  await bench({ report, folder, env, quick: options.quick, onStop: (stop) => stops.push(stop) });
  process.exitCode = report.finish(path.join(folder, 'result.json'));
} catch (error) {
  process.exitCode = fail(error);
} finally {
  release?.();
}
