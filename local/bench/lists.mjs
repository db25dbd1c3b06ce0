// The cells of the lists: as pages with a session, by the API with a token.

import { addresses, asApi, lists } from './addresses.mjs';
import * as backstage from './backstage.mjs';
import { cell } from './cell.mjs';
import { rowsOf } from './check.mjs';
import { ms, number } from './report.mjs';

const GOAL = { perSecond: 2_000, p95: 30 };
const goalText = `≥ ${number(GOAL.perSecond)}/s, p95 < ${GOAL.p95} ms`;
const costs = ({ cost, others, bytes, p50, p99 }) =>
  `p50 ${ms(p50)}, p99 ${ms(p99)}; ${number(bytes / 1000, 1)} kB; CPU ms each: portal ${number(cost.portal, 2)}, Postgres ${number(cost.postgres, 2)}, generator ${number(cost.generator, 2)}; others ${number(others, 2)} cores`;
const times = (ours) => `${number(ours.perSecond / backstage.list.perSecond, 1)}× Backstage's ${backstage.list.perSecond}/s`;

async function add(report, { what, portal, pids, paths, headers, timing, goal, ratio }) {
  return report.measure(what, async (loadBefore) => {
    const got = await cell({ portal, pids, paths, headers, ...timing });
    report.add({
      what,
      goal: goal ? goalText : '',
      result: `${number(got.perSecond)}/s, p95 ${ms(got.p95)}`,
      met: goal ? got.perSecond >= GOAL.perSecond && got.p95 < GOAL.p95 : undefined,
      ratio: ratio ? times(got) : undefined,
      detail: costs(got),
      load: loadBefore,
      values: got,
    });
    return got;
  });
}

/** Every list as a page. Answers the cells by name. */
export async function pages(report, { portal, pids, cookie, timing, only = Object.keys(lists) }) {
  report.heading('pages, 20 connections');
  const headers = { cookie, accept: 'text/html' };
  const found = {};
  for (const name of only) {
    const { page, narrow, widest } = lists[name];
    await report.measure(`${name}: rows are there`, async () => {
      for (const one of [...addresses(page, narrow.slice(0, 5)), ...addresses(page, widest)]) await rowsOf(portal + one, headers);
    });
    found[name] = await add(report, { what: `${page}: ${narrow.length} different searches`, portal, pids, paths: addresses(page, narrow), headers, timing, goal: true, ratio: true });
    found[`${name} widest`] = await add(report, { what: `${page}: ${widest.length} that match the most`, portal, pids, paths: addresses(page, widest), headers, timing, goal: true, ratio: true });
  }
  return found;
}

/** The page of services once more as a browser asks for it: compressed. */
export const compressed = (report, { portal, pids, cookie, timing }) =>
  add(report, {
    what: '/services, compressed for a browser', portal, pids, timing,
    paths: addresses('/services', lists.services.narrow), headers: { cookie, accept: 'text/html', 'accept-encoding': 'gzip, deflate, br, zstd' },
  });

/** The lists by the API, beside Backstage's. */
export async function api(report, { portal, pids, token, timing }) {
  report.heading('API, 20 rows, 20 connections');
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
  for (const [name, { api: path, narrow, widest }] of Object.entries(lists)) {
    const paths = addresses(path, [...narrow, ...widest].map(asApi));
    await add(report, { what: path, portal, pids, paths, headers, timing, ratio: name === 'services' });
  }
  report.add({
    what: 'Backstage: sorted, filtered, counted', result: `${backstage.list.perSecond}/s, p95 ${ms(backstage.list.p95)}`, detail: backstage.SOURCE, values: backstage.list,
  });
  report.add({ what: 'Backstage: no order, no count', result: `${backstage.bareList.perSecond}/s, p95 ${ms(backstage.bareList.p95)}`, values: backstage.bareList });
}

/** The cheapest answer there is: how far the generator and the edge of the portal go. */
export const floor = (report, { portal, pids, timing }) => add(report, { what: '/healthz, as a floor', portal, pids, paths: ['/healthz'], headers: {}, timing });
