// The sign-in page and the pages of four job roles, wide and narrow, light and dark: accessible by axe, no scrolling sideways, nothing in the console.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open } from './harness/browser.mjs';
import { arrive } from './harness/changes.mjs';
import { stack } from './harness/stack.mjs';
import { lookAt } from './harness/views.mjs';
import { api } from './harness/world.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const looked = async (login, name, places) => {
  const { page, trouble, close } = await arrive(browser, login);
  for (const [at, place] of places.entries()) {
    await page.goto(place);
    await page.locator('html[data-live]').waitFor({ state: 'attached' });
    await lookAt(page, `${name}-${at}`);
  }
  trouble.none();
  await close();
};

test('the sign-in page', async () => {
  const { page, trouble, close } = await open(browser, { baseURL: stack().portal });
  await page.goto('/');
  await lookAt(page, 'portal-sign-in');
  trouble.none();
  await close();
});

test('the pages of a developer', () => looked('developer', 'developer', [
  '/', '/services', '/services?q=nothing-like-it', '/services/payment', '/services/payment/deploy',
  '/services/payment/deploy?version=1.1.0&environment=production', '/tokens', '/sessions', '/keys',
]));

test('the pages of an operator and an administrator', async () => {
  await looked('operator', 'operator', ['/', '/environments']);
  await looked('administrator', 'administrator', ['/', '/catalog']);
});

test('the pages of an auditor', async () => {
  const { items } = await api('auditor', 'GET', '/audit/events?limit=1');
  assert.equal(items.length, 1);
  await looked('auditor', 'auditor', ['/', '/audit', '/audit?outcome=denied', `/audit/${items[0].id}`]);
});
