// A canary whose metrics are bad halts the run before the active region; a person who did not ask for it lets it go on.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, ask, badge, becomes, decide, shown } from './harness/changes.mjs';
import { stepUp } from './harness/people.mjs';
import { stack } from './harness/stack.mjs';
import { lookAt } from './harness/views.mjs';
import { api, jenkins, otherVersion } from './harness/world.mjs';

const SERVICE = 'recommendation';
const ASKS = 'catalog-developer';
let browser;

async function metrics(method, body) {
  const response = await fetch(new URL('/_world/metrics', stack().sandbox), { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `the world answered ${response.status}: ${await response.text()}`);
}

/** Every fifth request fails in the canary's region. */
const errors = () => metrics('POST', {
  account: '300000000003', region: 'eu-central-1', namespace: 'Shop', metric: 'ErrorRate',
  dimensions: { Service: SERVICE, Cluster: 'shop-production' }, value: 0.2, ago_s: 60, seconds: 300,
});

before(async () => { browser = await launch(); });
after(async () => {
  await metrics('DELETE');
  await browser.close();
});

for (const scripts of [true, false]) {
  test(`a halted canary is looked at and let go on, with scripts ${scripts ? 'on' : 'off'}`, async () => {
    await metrics('DELETE');
    await jenkins({ job: `shop/deploy-${SERVICE}`, behaviour: { kind: 'deploy' } });
    const developer = await arrive(browser, ASKS, { scripts });
    const [manager, operator] = await Promise.all(['manager2', 'operator'].map((login) => arrive(browser, login, { scripts })));
    const version = await otherVersion(SERVICE, 'production', [], ASKS);
    const id = await ask(developer, { service: SERVICE, version, environment: 'production', reason: 'Better recommendations' });
    await developer.page.getByText('It stops after eu-central-1').first().waitFor();

    await manager.page.goto(`/changes/${id}`);
    await manager.page.getByRole('link', { name: 'Confirm with a second factor' }).click();
    await stepUp(manager.page, 'manager2');
    await errors();
    await decide(manager, id, 'Approve', 'With its canary');
    await becomes(developer, 'Needs attention', 120_000);
    await shown(developer, developer.page.locator('#h-wave'));
    const { run } = await api(ASKS, 'GET', `/changes/${id}`);
    assert.ok(run.steps.filter(({ region }) => region === 'eu-west-1').every(({ state }) => state === 'waiting'), 'the active region was touched');

    // Never who asked for it.
    await developer.page.goto(`/attention/${id}`);
    assert.equal(await developer.page.locator('#ask-go_on').count(), 0);

    const { page } = operator;
    await page.goto(`/attention/${id}`);
    await page.getByText('Breached').first().waitFor();
    const again = page.getByRole('link', { name: /^Confirm with a second factor/ });
    if (await again.count()) {
      await again.click();
      await stepUp(page, 'operator');
      await page.waitForURL(new RegExp(`/attention/${id}`));
    }
    if (scripts) await lookAt(page, 'wave-halted');
    await page.locator('#ask-go_on').click();
    await page.locator('#go_on-reason').fill('The errors are those of a test');
    await page.locator('form', { has: page.locator('input[name="choice"][value="go_on"]') }).getByRole('button').click();
    await page.waitForURL(new RegExp(`/changes/${id}`));
    await becomes(operator, 'Succeeded', 120_000);
    await badge(page, 'Succeeded').waitFor();
    for (const { trouble, close } of [developer, manager, operator]) {
      trouble.none();
      await close();
    }
  });
}
