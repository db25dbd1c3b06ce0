// Approving for a protected environment: to the second factor and back, with what was written.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, becomes, decide } from './harness/changes.mjs';
import { stepUp } from './harness/people.mjs';
import { api, otherVersion, tidy } from './harness/world.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test('what was written in the inbox is still there after the second factor', async () => {
  await tidy('payment');
  const version = await otherVersion('payment', 'production');
  const { id } = await api('developer', 'POST', '/changes', { kind: 'deploy', service: 'payment', version, environment: 'production', reason: 'Seen in the inbox', start_mode: 'manual' });
  const { page, trouble, close } = await arrive(browser, 'manager');
  await page.goto('/approvals');
  await page.locator('html[data-live]').waitFor({ state: 'attached' });
  const item = page.getByRole('article', { name: `Deploy payment ${version} to production` });
  await item.getByLabel('Comment', { exact: true }).fill('Typed before & <kept>');
  await item.getByRole('checkbox').check();
  await page.getByRole('link', { name: 'Confirm with a second factor' }).click();
  await stepUp(page, 'manager');
  await page.waitForURL('**/approvals');
  await page.locator('html[data-live]').waitFor({ state: 'attached' });
  assert.equal(await item.getByLabel('Comment', { exact: true }).inputValue(), 'Typed before & <kept>');
  assert.equal(await item.getByRole('checkbox').isChecked(), true);
  await item.getByRole('button', { name: /^Approve/ }).click();
  await page.getByText('Your approval is recorded.').waitFor();
  await page.goto(`/changes/${id}`);
  await page.locator('#r-side').getByText('Typed before & <kept>').waitFor();
  await tidy('payment');
  trouble.none();
  await close();
});

for (const scripts of [true, false]) {
  test(`approving for production leads to the second factor and back, with scripts ${scripts ? 'on' : 'off'}`, async () => {
    await tidy('payment');
    const version = await otherVersion('payment', 'production');
    const { id } = await api('developer', 'POST', '/changes', { kind: 'deploy', service: 'payment', version, environment: 'production', reason: 'A step-up journey', start_mode: 'manual' });
    const manager = await arrive(browser, 'manager', { scripts });
    const { page } = manager;

    await page.goto(`/changes/${id}`);
    const approve = page.getByRole('button', { name: 'Approve', exact: true });
    assert.equal(await approve.isDisabled(), true);
    // The button says why it cannot be pressed.
    const why = await page.locator(`#${await approve.getAttribute('aria-describedby')}`).textContent();
    assert.match(why, /second factor/);

    await page.getByRole('link', { name: 'Confirm with a second factor' }).click();
    await page.getByRole('heading', { level: 1, name: 'Confirm it is you, Mira Manager' }).waitFor();
    await page.getByLabel('One-time code').waitFor();
    await stepUp(page, 'manager');
    await page.waitForURL(new RegExp(`/changes/${id}`));
    await page.locator('button:enabled', { hasText: /^Approve$/ }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'Confirm with a second factor' }).count(), 0);

    await decide(manager, id, 'Approve', 'With both factors');
    await becomes(manager, 'Approved');
    await page.locator('#r-side .words').getByText('with a second factor').waitFor();
    await tidy('payment');
    manager.trouble.none();
    await manager.close();
  });
}
