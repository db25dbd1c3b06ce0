// One measurement of a running portal under load, with what it cost whom.

import { load } from './load.mjs';
import { cpuOf, cpuOfAll, cpuOfTree, loadNow } from './machine.mjs';

/**
 * Loads the portal and answers what `load` does, and `cost`: ms of processor time an answer took in the portal, in Postgres and here,
 * `others`: how many cores everything else on the machine kept busy meanwhile, and `loadBefore`.
 */
export async function cell({ portal, pids, paths, headers, seconds, warmup, connections = 20 }) {
  const { hostname: host, port } = new URL(portal);
  const loadBefore = loadNow();
  const run = (time, warm) => load({ host, port: Number(port), paths, headers, connections, seconds: time, warmup: warm });
  await run(0.2, warmup);
  // The counters are read around the measured time only; the short run before has made every connection of the portal's pool.
  const before = counters(pids);
  const answer = await run(seconds, 0);
  const after = counters(pids);
  const took = (name) => after[name] - before[name];
  const per = (name) => (took(name) * 1000) / answer.requests;
  const ours = took('portal') + took('postgres') + answer.cpu;
  return {
    ...answer,
    loadBefore,
    cost: { portal: per('portal'), postgres: per('postgres'), generator: (answer.cpu * 1000) / answer.requests },
    others: Math.max(0, (took('all') - ours) / answer.seconds),
  };
}

const counters = (pids) => ({ portal: cpuOf(pids.portal), postgres: cpuOfTree(pids.postgres), all: cpuOfAll() });
