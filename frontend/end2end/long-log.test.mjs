// A build that writes 20,000 lines: followed live, read again later, with scripts and without; no line is lost.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, ask, becomes } from './harness/changes.mjs';
import { jenkins, otherVersion, tidy } from './harness/world.mjs';

const LINES = 20_000;
const SERVICE = 'payment';
const JOB = `shop/deploy-${SERVICE}`;
const all = Array.from({ length: LINES }, (_, at) => at + 1);
let browser;
let change;

before(async () => { browser = await launch(); });
after(async () => {
  await jenkins({ job: JOB, behaviour: { kind: 'deploy' } });
  await browser.close();
});

/** The numbers that the build's lines on the page say they have, in the page's order. */
const numbers = (page) => page.locator('.log').evaluate((log) => [...log.querySelectorAll('[data-l]')]
  .map((line) => /^line (\d+) of /.exec(line.textContent)?.[1]).filter(Boolean).map(Number));

/** Waits until the last line of the build is on the page, and checks that every one is, once and in order. */
async function complete(page) {
  const last = page.locator('#log [data-l]', { hasText: `line ${LINES} of ${LINES}:` });
  await last.waitFor({ state: 'attached', timeout: 60_000 });
  assert.deepEqual(await numbers(page), all);
  return last;
}

test('twenty thousand lines are followed live, and the page answers meanwhile', async () => {
  await tidy(SERVICE);
  await jenkins({ job: JOB, behaviour: { kind: 'lines', lines: LINES } });
  const developer = await arrive(browser, 'developer');
  const { page } = developer;
  change = await ask(developer, { service: SERVICE, version: await otherVersion(SERVICE, 'dev'), environment: 'dev', reason: 'It talks a lot' });
  await page.getByRole('heading', { name: 'The run' }).waitFor();

  // While lines come in: no wait of the browser for the page may be felt as a freeze.
  await page.evaluate(() => {
    globalThis.frozen = 0;
    let before = performance.now();
    const look = (now) => {
      globalThis.frozen = Math.max(globalThis.frozen, now - before);
      before = now;
      globalThis.requestAnimationFrame(look);
    };
    globalThis.requestAnimationFrame(look);
  });
  const last = await complete(page);
  assert.match(await last.textContent(), /äöü <b>&amp;$/, 'a line is text, not markup');
  // Two seconds are far above what a person notices and far above what a busy machine adds to a frame.
  assert.ok((await page.evaluate(() => globalThis.frozen)) < 2_000, 'the page stood still');

  // Follow mode keeps to the end; scrolling up leaves it, the button leads back.
  const follow = page.getByRole('button', { name: 'Follow' });
  await page.locator('#log-follow[aria-pressed="true"]').waitFor();
  assert.equal(await inView(page, LINES), true);
  await page.locator('#log').evaluate((log) => log.scrollTo(0, 0));
  await page.locator('#log-follow[aria-pressed="false"]').waitFor();
  assert.equal(await inView(page, 1), true);
  await follow.click();
  await page.locator('#log-follow[aria-pressed="true"]').waitFor();
  assert.equal(await inView(page, LINES), true);

  // The search counts what is there.
  await page.getByLabel('Search the log').fill('line 19999 of');
  await page.getByText(/^1 of 20\d\d\d lines match$/).waitFor();
  // The build deployed nothing, and the portal is not taken in by its success.
  await becomes(developer, 'Failed');
  developer.trouble.none();
  await developer.close();
});

/** Whether a line of the build is within what the log's window shows. */
const inView = (page, number) => page.locator('#log [data-l]', { hasText: `line ${number} of ` }).first().evaluate((line) => {
  const box = line.closest('#log').getBoundingClientRect();
  const own = line.getBoundingClientRect();
  return own.bottom > box.top && own.top < box.bottom;
});

test('the page of a change that has ended shows the end of its log, says so, and loads the rest', async () => {
  const developer = await arrive(browser, 'developer');
  const { page } = developer;
  await page.goto(`/changes/${change}`);
  await page.getByText(/^Lines \d+ to 20\d\d\d, the end of the log\./).waitFor();
  const shown = await numbers(page);
  assert.ok(shown.length > 400 && shown.length <= 500, `${shown.length} lines`);
  assert.deepEqual(shown, all.slice(-shown.length));
  await page.getByRole('button', { name: 'Load earlier lines' }).click();
  await page.getByText(/^20\d\d\d lines$/).waitFor({ timeout: 60_000 });
  await complete(page);
  await page.getByText('the end of the log').waitFor({ state: 'hidden' });
  developer.trouble.none();
  await developer.close();
});

test('page by page and without scripts the log is complete too', async () => {
  const auditor = await arrive(browser, 'auditor', { scripts: false });
  const { page } = auditor;
  await page.goto(`/changes/${change}`);
  await page.getByRole('link', { name: 'All of it' }).click();
  const found = [];
  const next = page.getByRole('link', { name: 'Next lines' });
  for (;;) {
    await page.getByRole('navigation', { name: 'Pages of the log' }).waitFor();
    found.push(...await numbers(page));
    if (!(await next.count())) break;
    const address = await next.getAttribute('href');
    await next.click();
    await page.waitForURL((url) => address.endsWith(url.search));
  }
  assert.deepEqual(found, all);
  auditor.trouble.none();
  await auditor.close();
});
