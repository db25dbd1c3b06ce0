// The measurements in their order: first a small portal, then the large one.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from '../test/tools.mjs';
import { Advice, dim, say } from '../parts/log.mjs';
import { callWithToken, Person } from '../parts/person.mjs';
import { seedReleases, seedTokens } from '../parts/seed.mjs';
import { startStack } from '../stack.mjs';
import { addresses, lists } from './addresses.mjs';
import { approvals } from './approvals.mjs';
import * as backstage from './backstage.mjs';
import { writeCatalogue } from './catalogue.mjs';
import { checkSeeded } from './check.mjs';
import { api, compressed, floor, pages } from './lists.mjs';
import { memoryOf } from './machine.mjs';
import { readyTimes } from './ready.mjs';
import { programSize } from './release.mjs';
import { median, ms, number, percentile } from './report.mjs';
import { runs } from './runs.mjs';
import { seedHistory } from './seed/history.mjs';
import { sizes } from './sizes.mjs';
import { checkpoint, statements } from './statements.mjs';

/** Who looks at the pages: sees everything, so nothing is left out of any list. */
const READER = 'auditor';
const FULL = { services: 10_000, changes: 100_000, small: [100, 1_000], timing: { seconds: 10, warmup: 2 }, visits: 5, starts: 5, approvals: 30 };
const QUICK = { ...FULL, changes: 10_000, timing: { seconds: 2, warmup: 0.5 }, visits: 3, starts: 3, approvals: 6 };
/** After this rest the portal's memory is read once more, in ms. */
const REST = 5_000;

export async function bench({ report, folder, env, quick, onStop }) {
  const size = quick ? QUICK : FULL;
  const tell = (text) => say(dim(`  ${text}`));
  const open = async (name, services, changes) => {
    const bed = await testbed({ folder: path.join(folder, name), services, changes, env, tell, report });
    onStop(bed.stop);
    return bed;
  };

  tell(`a portal with ${size.small[0]} services`);
  const small = await open('small', ...size.small);
  const few = await pages(report, { ...small, timing: size.timing, only: ['services'] });
  await small.stop();

  tell(`a portal with ${number(size.services)} services and ${number(size.changes)} changes`);
  const large = await open('large', size.services, size.changes);
  try {
    report.facts = { ...large.facts, programMB: programSize(process.env.PORTOLAN_BINARIES), postgres: 'stock settings but 200 connections; fsync on' };
    imported(report, large);
    await floor(report, { ...large, timing: size.timing });
    const many = await pages(report, { ...large, timing: size.timing });
    await compressed(report, { ...large, timing: size.timing });
    growth(report, few, many);
    await api(report, { ...large, timing: size.timing });
    await memory(report, large);
    await counted(report, large);
    await report.measure('browser', async () => {
      const program = await chromium({ run: () => { throw new Advice('Chromium is not installed: set CHROMIUM, or install it with the system’s packages'); } });
      await sizes(report, { ...large, program, visits: size.visits });
    });
    await starts(report, large, size.starts);
    await approved(report, large, size.approvals);
    await runs(report, { owner: large.owner, quick });
  } finally {
    await large.stop();
  }
}

/** A portal of its own with catalogue and history, and everything needed to ask it. */
async function testbed({ folder, services, changes, env, tell, report }) {
  fs.rmSync(folder, { recursive: true, force: true });
  const catalogue = path.join(folder, 'catalogue');
  const written = writeCatalogue(catalogue, services);
  const stack = await startStack({ folder, anywhere: true, seed: false, catalogue, env, progress: tell });
  try {
    const { portal, idp, database_owner: owner } = stack.addresses;
    const { tokens } = await seedTokens({ portal, folder });
    const began = performance.now();
    const answer = await callWithToken(portal, tokens.administrator, 'POST', '/services/import', {});
    const seconds = (performance.now() - began) / 1000;
    if (answer.status >= 300) throw new Error(`the import was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
    if (answer.body.imported !== services || answer.body.problems.length > 0) {
      throw new Error(`the import took ${answer.body.imported} of ${services} services, with ${answer.body.problems.length} problems: ${JSON.stringify(answer.body.problems[0])}`);
    }
    await seedReleasesOfShop({ portal, tokens });
    const rows = await seedHistory({ owner, issuer: idp, changes, progress: tell });
    await checkpoint(folder, stack.addresses.database);
    const read = await report.measure('seeded rows', () => checkSeeded({ portal, token: tokens.administrator, owner }));
    if (!read) throw new Error('the portal does not read what was seeded');
    const person = new Person(portal, READER);
    await person.signIn();
    return {
      portal, owner, tokens, stack, folder,
      token: tokens[READER],
      cookie: person.browser.jar.header(portal),
      pids: { portal: stack.children.pid('portal'), postgres: stack.children.pid('postgres') },
      import: { seconds, ...written },
      facts: { seeded: rows, read },
      stop: stack.stop,
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** Releases of the services that the sandbox has images of; the made-up ones get theirs with the history. */
const seedReleasesOfShop = ({ portal, tokens }) => seedReleases({ portal, tokens, route: '/services?system=shop' });

function imported(report, { import: { seconds, files, bytes }, facts }) {
  report.heading('data');
  report.add({
    what: `import of ${number(facts.seeded.service)} services by the API`, goal: '< 8 s', result: `${number(seconds, 2)} s`, met: seconds < 8,
    ratio: `${number(backstage.imported / seconds, 1)}× faster than Backstage's ${backstage.imported} s`,
    detail: `${files} files, ${number(bytes / 1e6, 1)} MB, new database`, values: { seconds },
  });
  report.add({
    what: 'seeded', result: `${number(facts.seeded.databaseMB)} MB`,
    detail: Object.entries(facts.seeded).filter(([name]) => name !== 'databaseMB').map(([name, count]) => `${number(count)} ${name}`).join(', '), values: facts.seeded,
  });
}

function growth(report, few, many) {
  if (!few?.services || !many?.services) return;
  const times = many.services.p95 / few.services.p95;
  report.add({
    what: '/services: p95 compared with 100 services', goal: '≤ 2×', result: `${number(times, 2)}×`, met: times <= 2,
    detail: `${ms(many.services.p95)} and ${ms(few.services.p95)}; the widest ${ms(many['services widest']?.p95 ?? NaN)} and ${ms(few['services widest']?.p95 ?? NaN)}`, values: { times },
  });
}

const memory = (report, { pids }) => report.measure('memory', async () => {
  report.heading('memory');
  const { resident, peak, proportional } = memoryOf(pids.portal);
  await sleep(REST);
  const rested = memoryOf(pids.portal).resident;
  report.add({
    what: 'resident memory of the portal after that load', goal: '< 60 MB', result: `${number(resident, 1)} MB`, met: resident < 60,
    ratio: `1/${number(backstage.memory.loaded / resident, 1)} of Backstage's ${backstage.memory.loaded} MB`,
    detail: `${number(rested, 1)} MB after a rest of ${REST / 1000} s, at most ${number(peak, 1)} MB, proportional ${number(proportional, 1)} MB`, values: { resident, rested, peak, proportional },
  });
});

const counted = (report, { stack, folder, cookie }) => report.measure('SQL statements', async () => {
  report.heading('SQL statements a page');
  for (const [name, { page, narrow, widest }] of Object.entries(lists)) {
    const paths = [...addresses(page, [narrow[0], narrow.at(-1)]), ...addresses(page, widest)];
    const found = await statements({ stack, folder, paths, headers: { cookie, accept: 'text/html' } });
    const counts = paths.map((one) => found[one].count);
    const constant = counts.every((count) => count === counts[0]);
    report.add({
      what: `${page}`, goal: 'constant', result: constant ? `${counts[0]} on every one` : counts.join(', '), met: constant,
      detail: `the first request ${paths.map((one) => found[one].first).join(', ')}; then ${found[paths[0]].texts.map((text) => text.slice(0, 60)).join(' | ')}`, values: { name, found },
    });
  }
});

const starts = (report, { stack }, runs) => report.measure('start', async (load) => {
  report.heading('start');
  const times = await readyTimes({ env: stack.env, runs });
  const middle = median(times);
  report.add({
    what: `start to first 200 on /readyz, median of ${runs}`, goal: '< 0.5 s', result: `${number(middle, 3)} s`, met: middle < 0.5, load,
    ratio: `${number(backstage.ready / middle, 1)}× faster than Backstage's ${backstage.ready} s`, detail: times.map((one) => number(one, 3)).join(', '), values: { times },
  });
});

const approved = (report, { portal, tokens, owner }, count) => report.measure('approvals', async (load) => {
  report.heading('approval');
  const { ms: found, ends } = await approvals({ portal, tokens, owner, count });
  const p95 = percentile(found, 0.95);
  report.add({
    what: `approval to first step, p95 of ${count}`, goal: '< 500 ms', result: ms(p95), met: p95 < 500, load,
    detail: `median ${ms(median(found))}, longest ${ms(found.at(-1))}; the changes ended ${Object.entries(ends).map(([state, n]) => `${state} ${n}`).join(', ')}`, values: { ms: found, ends },
  });
});
