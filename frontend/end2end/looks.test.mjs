// Every kind of page, changes in their states, and what is not there, wide and narrow, light and dark: accessible by axe, no scrolling
// sideways, nothing in the console. Two states need more time or bad luck than a journey has: expired and needs attention.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open } from './harness/browser.mjs';
import { arrive } from './harness/changes.mjs';
import { stack } from './harness/stack.mjs';
import { lookAt } from './harness/views.mjs';
import { api, jenkins, otherVersion, reaches, request, tidy, tryApi, word } from './harness/world.mjs';

let browser;
const changes = {};

before(async () => {
  browser = await launch();
  for (const service of ['cart', 'checkout', 'payment']) await tidy(service);
  await jenkins({ job: 'shop/deploy-cart', behaviour: { kind: 'deploy' } });
  await jenkins({ job: 'shop/deploy-payment', behaviour: { kind: 'fail' } });
  await jenkins({ job: 'shop/deploy-checkout', behaviour: { kind: 'hang' } });

  const version = await otherVersion('cart', 'staging');
  changes.stale = await request('cart', 'staging', 'To be overtaken', { version });
  await word('developer2', changes.stale);
  changes.succeeded = await request('cart', 'staging', 'Overtakes it', { version: await otherVersion('cart', 'staging', [version]), start_mode: 'on_approval' });
  await word('developer2', changes.succeeded);
  await reaches(changes.succeeded, 'succeeded');
  assert.equal((await tryApi('developer', 'POST', `/changes/${changes.stale}/start`)).status, 409);

  changes.failed = await request('payment', 'dev', 'To fail', { start_mode: 'on_approval' });
  changes.running = await request('checkout', 'dev', 'Never done', { start_mode: 'on_approval' });
  changes.rejected = await request('payment', 'staging', 'To be refused');
  await word('developer2', changes.rejected, 'reject', 'The <b>ledger</b> migrates today & nothing may move');
  changes.cancelled = await request('payment', 'staging', 'Thought better of');
  await api('developer', 'POST', `/changes/${changes.cancelled}/cancel`, { reason: 'Not today' });
  changes.approved = await request('payment', 'staging', 'Ready when you are');
  await word('developer2', changes.approved);
  changes.waiting = await request('cart', 'production', `A reason with a very long word: ${'x'.repeat(120)}`);
  await request('cart', 'staging', 'A second one for the inbox');
  await reaches(changes.failed, 'failed');
  await reaches(changes.running, 'running');
});
after(async () => {
  await api('developer', 'POST', `/changes/${changes.running}/cancel`, { reason: 'looked at' });
  await reaches(changes.running, 'cancelled');
  for (const service of ['cart', 'payment']) await tidy(service);
  for (const service of ['checkout', 'payment']) await jenkins({ job: `shop/deploy-${service}`, behaviour: { kind: 'deploy' } });
  await browser.close();
});

const looked = async (login, name, places, expected) => {
  const { page, trouble, close } = await arrive(browser, login);
  if (expected) trouble.expect(expected);
  for (const [at, place] of places.entries()) {
    await page.goto(place);
    if (await page.locator('head script').count()) await page.locator('html[data-live]').waitFor({ state: 'attached' });
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
  '/', '/services', '/services?q=nothing-like-it', '/services?team=checkout', '/services/cart', '/services/payment/deploy',
  '/services/payment/deploy?version=1.1.0&environment=production', '/changes', '/changes?state=expired', '/tokens', '/sessions', '/keys',
]));

for (const state of ['waiting', 'approved', 'running', 'succeeded', 'failed', 'stale', 'rejected', 'cancelled']) {
  test(`a change that is ${state}`, async () => {
    await looked('developer', `change-${state}`, [`/changes/${changes[state]}`]);
  });
}

test('the log of a change', () => looked('developer', 'log', [`/changes/${changes.succeeded}/log`]));

test('the pages of a manager', () => looked('manager', 'manager', ['/', '/approvals', '/rules', '/delegations', `/changes/${changes.waiting}`]));

test('the pages of an operator and an administrator', async () => {
  await looked('operator', 'operator', ['/', '/environments']);
  const { items: [someone] } = await api('administrator', 'GET', '/people?limit=1');
  await looked('administrator', 'administrator', ['/', '/catalog', '/people', `/people/${someone.id}`]);
});

test('the pages of an auditor', async () => {
  const { items } = await api('auditor', 'GET', '/audit/events?limit=1');
  assert.equal(items.length, 1);
  await looked('auditor', 'auditor', ['/', '/approvals', '/audit', '/audit?outcome=denied', '/audit?login=nobody', `/audit/${items[0].id}`, '/people?state=disabled']);
});

test('what is not there, not allowed or wrong, and who has no rights', async () => {
  await looked('developer', 'trouble', ['/no-such-page', '/services/search', '/audit', '/changes?state=nonsense', '/services/payment/deploy?version=9.9.9&environment=dev'], /\b4\d\d\b/);
  await looked('outsider', 'outsider', ['/', '/services'], /\b403\b/);
});
