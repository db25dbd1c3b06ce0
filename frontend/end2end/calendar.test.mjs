// Freezes, windows and stops as people meet them: made by a form, told on every page, waited for, overridden by two, ended.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, badge, shown } from './harness/changes.mjs';
import { lookAt } from './harness/views.mjs';
import { api, reaches, request, tidy, tryApi, word } from './harness/world.mjs';

const SERVICE = 'cart';
let browser;

/** Ends whatever is in force: a freeze left behind would hold every other journey. */
async function clear() {
  for (const of of ['freezes', 'windows', 'stops']) {
    const { items } = await api('operator', 'GET', `/${of}?in_force=true&limit=100`);
    // Their own authors: another's takes a second factor, which no token has.
    for (const { id, author } of items) await api(author, 'DELETE', `/${of}/${id}?reason=left+by+a+journey`);
  }
}

/** What a field for a day and a time takes: so many hours from now, by the clock of UTC. */
const clock = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 16);

before(async () => {
  browser = await launch();
  await clear();
  await tidy(SERVICE);
});
after(async () => {
  await clear();
  await tidy(SERVICE);
  await browser.close();
});

test('a freeze is made, holds a deployment in the open, and is overridden by two', async () => {
  const manager = await arrive(browser, 'manager');
  const { page } = manager;
  await page.goto('/calendar');
  await page.getByText('Nothing is in force').waitFor();
  await lookAt(page, 'calendar-empty');
  await page.getByRole('link', { name: 'New freeze' }).click();
  await lookAt(page, 'calendar-new-freeze');

  await page.getByLabel('From', { exact: true }).fill(clock(2));
  await page.getByLabel('Until', { exact: true }).fill(clock(1));
  await page.getByLabel('Team', { exact: true }).fill('nobody-there');
  await page.getByLabel('Why', { exact: true }).fill('Year-end closing: <b>nothing</b> may move');
  await page.getByRole('button', { name: 'Make the freeze' }).click();
  await page.locator('#until-wrong').getByText('after its beginning').waitFor();
  assert.equal(await page.getByLabel('Why', { exact: true }).inputValue(), 'Year-end closing: <b>nothing</b> may move');
  await lookAt(page, 'calendar-new-refused');
  await page.getByLabel('From', { exact: true }).fill(clock(-1));
  await page.getByLabel('Until', { exact: true }).fill(clock(5));
  await page.getByRole('button', { name: 'Make the freeze' }).click();
  await page.getByText('the catalogue has no such team').first().waitFor();
  await page.getByLabel('Team', { exact: true }).fill('');
  await page.getByLabel('Service', { exact: true }).fill('cart');
  await page.getByRole('button', { name: 'Make the freeze' }).click();
  await page.getByText('It is in force from now on').waitFor();
  await lookAt(page, 'calendar-freeze');

  const developer = await arrive(browser, 'developer');
  await developer.page.goto('/');
  await developer.page.getByText('Freeze: nothing starts for service cart').waitFor();
  await lookAt(developer.page, 'calendar-banner');
  // Of team checkout nothing is told to those who see none of its services.
  const catalog = await arrive(browser, 'catalog-developer');
  await catalog.page.goto('/');
  assert.equal(await catalog.page.getByText('nothing starts for').count(), 0);
  await catalog.close();

  const id = await request(SERVICE, 'staging', 'Held by a freeze', { start_mode: 'on_approval' });
  await developer.page.goto(`/changes/${id}`);
  await developer.page.getByText('It can be approved meanwhile.').waitFor();
  await word('developer2', id);
  await developer.page.goto(`/changes/${id}`);
  await developer.page.getByText(/Waits for the end of the freeze/).first().waitFor();
  await badge(developer.page, 'Approved').waitFor();
  await lookAt(developer.page, 'calendar-change-held');
  const started = await tryApi('developer', 'POST', `/changes/${id}/start`);
  assert.deepEqual([started.status, started.body.code], [409, 'held']);

  await page.goto(`/changes/${id}`);
  await page.getByText('Override the freeze…').click();
  await page.getByLabel('Why can it not wait?').fill('Customers cannot pay');
  await lookAt(page, 'calendar-override-ask');
  await page.getByRole('button', { name: 'Ask for the override' }).click();
  await page.getByText('It counts for nothing until a second person confirms it.').first().waitFor();
  assert.ok(await page.getByRole('button', { name: 'Confirm the override' }).isDisabled());
  const operator = await arrive(browser, 'operator');
  await operator.page.goto(`/changes/${id}`);
  await operator.page.getByRole('button', { name: 'Confirm the override' }).click();
  await operator.page.getByText('no longer holds this change').waitFor();
  await reaches(id, 'succeeded');
  await shown(operator, badge(operator.page, 'Succeeded'));
  await operator.page.goto(`/changes/${id}`);
  await operator.page.getByText('Customers cannot pay').first().waitFor();
  await lookAt(operator.page, 'calendar-overridden');

  await page.goto('/calendar');
  await page.getByText('By override').first().waitFor();
  await lookAt(page, 'calendar-month');
  for (const person of [manager, developer, operator]) await person.close();
});

test('windows come again and again, and the line is stopped and started by forms without scripts', async () => {
  const operator = await arrive(browser, 'operator', { scripts: false });
  const { page } = operator;
  await page.goto('/calendar/new?class=window');
  await page.getByLabel('Time zone', { exact: true }).fill('Europe/Berlin');
  await page.getByRole('radio', { name: /Again and again/ }).check();
  await page.getByLabel('Rule', { exact: true }).fill('FREQ=SECONDLY');
  await page.getByLabel('First day and time', { exact: true }).fill('2026-01-01T02:30');
  await page.getByLabel('Environment', { exact: true }).selectOption('production');
  await page.getByLabel('Why', { exact: true }).fill('Nightly window');
  await page.getByRole('button', { name: 'Make the window' }).click();
  await page.locator('#rrule-wrong').getByText('FREQ is one of').waitFor();
  await page.getByLabel('Rule', { exact: true }).fill('FREQ=WEEKLY;BYDAY=MO,TU,WE,TH');
  await page.getByRole('button', { name: 'Make the window' }).click();
  await page.getByText('It is in force from now on').waitFor();

  await page.goto('/calendar/new?class=stop');
  await page.getByLabel('Environment', { exact: true }).selectOption('dev');
  await page.getByLabel('Why', { exact: true }).fill('The payment provider is down');
  await page.getByRole('button', { name: 'Stop the line' }).click();
  await page.getByText('The line is stopped: nothing starts for everything in dev').waitFor();
  // Axe needs scripts: somebody with them looks at the same pages.
  const manager = await arrive(browser, 'manager');
  await manager.page.goto('/calendar/new?class=stop');
  await lookAt(manager.page, 'calendar-new-stop');
  await manager.page.goto('/calendar?month=2026-12&zone=Europe/Berlin');
  await lookAt(manager.page, 'calendar-december');
  await manager.close();
  await page.goto('/calendar?month=2026-12&zone=Europe/Berlin');
  await page.getByRole('link', { name: 'January 2027' }).click();
  await page.getByRole('heading', { name: 'January 2027' }).waitFor();
  await page.getByRole('link', { name: 'Details' }).first().click();
  await page.getByLabel('Why is it ended?').fill('It works again');
  await page.getByRole('button', { name: 'Let changes start again' }).click();
  await page.getByText('What it held may start').waitFor();
  assert.equal(await page.getByText('The line is stopped').count(), 0);
  await operator.close();
});
