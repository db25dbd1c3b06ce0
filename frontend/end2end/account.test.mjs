// A person's own things: tokens and sessions.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive } from './harness/changes.mjs';
import { stack } from './harness/stack.mjs';
import { lookAt } from './harness/views.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test('a token is shown once, and a form sent twice makes one', async () => {
  const { page, trouble, close } = await arrive(browser, 'developer2');
  await page.goto('/tokens');
  const name = `journey ${Date.now()}`;
  await page.getByLabel('Name', { exact: true }).fill(name);
  const form = await page.locator('form[action="/tokens"]').evaluate((form) => new URLSearchParams(new FormData(form)).toString());
  await page.getByRole('button', { name: 'Create the token' }).click();
  const secret = await page.getByLabel('The token').inputValue();
  assert.match(secret, /^ptl_/);
  await lookAt(page, 'token-made');
  const me = await fetch(`${stack().portal}/api/v1/me`, { headers: { authorization: `Bearer ${secret}` } });
  assert.equal(me.status, 200);

  // The very same form once more, as a double click or a reload sends it.
  const again = await page.request.post('/tokens', { data: form, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: stack().portal } });
  const text = await again.text();
  assert.match(text, /sent twice and the token was made once/);
  assert.ok(!text.includes(secret));
  await page.goto('/tokens');
  await page.locator('html[data-live]').waitFor({ state: 'attached' });
  assert.equal(await page.getByRole('rowheader', { name }).count(), 1);
  await page.getByRole('button', { name: `Revoke token ${name}` }).click();
  await page.getByText('The token is revoked.').waitFor();
  trouble.none();
  await close();
});

test('a person sees their sessions and ends another one', async () => {
  const here = await arrive(browser, 'manager2');
  const there = await arrive(browser, 'manager2', { scripts: false, userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1' });
  const { page } = here;
  await page.goto('/sessions');
  const rows = page.getByRole('table', { name: 'Open sessions' }).getByRole('row');
  assert.equal(await rows.filter({ hasText: 'This one' }).count(), 1);
  assert.equal((await there.page.request.get('/sessions', { maxRedirects: 0 })).status(), 200);
  await lookAt(page, 'sessions-two');
  await rows.filter({ hasText: 'Safari on iPhone' }).getByRole('button').first().click();
  await page.getByText('That session has ended.').waitFor();
  // The identity provider may well sign that browser in anew; its session here is gone.
  const after = await there.page.request.get('/sessions', { maxRedirects: 0 });
  assert.deepEqual([after.status(), new URL(after.headers().location, stack().portal).pathname], [303, '/auth/login']);
  here.trouble.none();
  await here.close();
  await there.close();
});

test('the account menu closes when one leaves it', async () => {
  const { page, trouble, close } = await arrive(browser, 'developer2');
  await page.goto('/keys');
  await page.locator('html[data-live]').waitFor({ state: 'attached' });
  const menu = page.locator('details.account');
  const summary = menu.locator('summary');
  const open = () => menu.evaluate((details) => details.open);
  const leaves = {
    Escape: () => page.keyboard.press('Escape'),
    'a press elsewhere': () => page.locator('h1').click(),
    'the focus elsewhere': () => page.locator('#find').focus(),
  };
  for (const [how, leave] of Object.entries(leaves)) {
    await summary.click();
    assert.ok(await open(), how);
    await leave();
    assert.ok(!(await open()), how);
  }
  // Escape leaves the focus where it can go on.
  await summary.click();
  await page.keyboard.press('Tab');
  assert.ok(await open(), 'within the menu it stays');
  await page.keyboard.press('Escape');
  assert.ok(await summary.evaluate((element) => element === document.activeElement));
  // On a phone the menu shows where one is.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/catalog');
  await page.locator('html[data-live]').waitFor({ state: 'attached' });
  const here = await page.locator('.side [aria-current]').boundingBox();
  assert.ok(here.x >= 0 && here.x + here.width <= 390, JSON.stringify(here));
  trouble.none();
  await close();
});
