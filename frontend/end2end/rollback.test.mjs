// Going back: one click from a deployment that turned out bad to what ran before, agreed to and run like any change.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, badge, becomes, decide } from './harness/changes.mjs';
import { lookAt } from './harness/views.mjs';
import { api, jenkins, otherVersion, reaches, request, tidy, word } from './harness/world.mjs';

const SERVICE = 'payment';
let browser;

before(async () => { browser = await launch(); });
after(async () => {
  await tidy(SERVICE);
  await browser.close();
});

/** Deploys another version to staging; answers the change. */
async function deployed(reason) {
  const id = await request(SERVICE, 'staging', reason, { start_mode: 'on_approval' });
  await word('developer2', id);
  return reaches(id, 'succeeded');
}

for (const scripts of [true, false]) {
  test(`a bad deployment is rolled back, with scripts ${scripts ? 'on' : 'off'}`, async () => {
    await tidy(SERVICE);
    await jenkins({ job: `shop/deploy-${SERVICE}`, behaviour: { kind: 'deploy' } });
    const good = await deployed('It works');
    const bad = await deployed('It does not');
    const [developer, colleague] = await Promise.all(['developer', 'developer2'].map((login) => arrive(browser, login, { scripts })));
    const { page } = developer;
    await page.goto(`/changes/${bad.id}`);
    await page.locator('#roll-back').click();
    await page.getByRole('heading', { level: 1, name: `Roll back ${SERVICE} in staging` }).waitFor();
    // Both regions go back, and the page says to what before anybody asks for it.
    const diff = page.getByRole('table', { name: /region/i }).or(page.locator('#h-look').locator('xpath=ancestor::section'));
    for (const text of ['eu-central-1', 'eu-west-1', good.version, bad.version]) await diff.getByText(text).first().waitFor();
    await page.getByText('By the rules going back here needs').or(page.getByText('The rules ask for less when going back')).first().waitFor();
    if (scripts) await lookAt(page, 'rollback');
    await page.getByLabel('Why', { exact: true }).fill('Customers see errors');
    await page.getByRole('button', { name: 'Request this rollback' }).click();
    await page.waitForURL((url) => /\/changes\/[0-9a-f-]{36}$/.test(url.pathname) && !url.pathname.endsWith(bad.id));
    const id = new URL(page.url()).pathname.split('/').pop();
    await badge(page, 'Awaiting approval').waitFor();
    await decide(colleague, id, 'Approve', 'Back with it');
    await becomes(developer, 'Succeeded');
    const { cells } = await api('developer', 'GET', `/services/${SERVICE}`);
    const staging = cells.filter((cell) => cell.environment === 'staging').map((cell) => cell.version);
    assert.deepEqual(staging, [good.version, good.version]);
    for (const { trouble, close } of [developer, colleague]) {
      trouble.none();
      await close();
    }
  });
}

test('what never ran offers no way back', async () => {
  await tidy(SERVICE);
  const version = await otherVersion(SERVICE, 'staging');
  const id = await request(SERVICE, 'staging', 'Never mind', { version });
  await api('developer', 'POST', `/changes/${id}/cancel`, { reason: 'not needed' });
  const { page, trouble, close } = await arrive(browser, 'developer');
  await page.goto(`/changes/${id}`);
  await badge(page, 'Cancelled').waitFor();
  assert.equal(await page.getByText('Roll back').count(), 0);
  trouble.none();
  await close();
});
