// Somebody goes on holiday: a colleague stands in for them, gives the word that only they could, and it is ended again.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, ask, becomes, decide } from './harness/changes.mjs';
import { lookAt } from './harness/views.mjs';
import { api, jenkins, otherVersion, tidy } from './harness/world.mjs';

const SERVICE = 'payment';
let browser;

/** Ends what an earlier journey left in force. */
async function clear() {
  const { items } = await api('manager', 'GET', '/delegations?limit=100');
  const left = items.filter(({ ended_at: ended, until }) => !ended && Date.parse(until) > Date.now());
  for (const { id } of left) await api('manager', 'DELETE', `/delegations/${id}`);
}

before(async () => {
  browser = await launch();
  await clear();
});
after(async () => {
  await clear();
  await tidy(SERVICE);
  await browser.close();
});

for (const scripts of [true, false]) {
  test(`a colleague stands in for a manager until that ends, with scripts ${scripts ? 'on' : 'off'}`, async () => {
    await clear();
    await tidy(SERVICE);
    await jenkins({ job: `shop/deploy-${SERVICE}`, behaviour: { kind: 'deploy' } });
    const [manager, other, developer] = await Promise.all(['manager', 'manager2', 'developer'].map((login) => arrive(browser, login, { scripts })));
    const version = await otherVersion(SERVICE, 'staging');
    const id = await ask(developer, { service: SERVICE, version, environment: 'staging', reason: 'While the manager is away' });

    // Of another team: the rule keeps no place for this manager.
    await other.page.goto(`/changes/${id}`);
    assert.equal(await other.page.getByRole('button', { name: 'Approve', exact: true }).isEnabled(), false);

    const { page } = manager;
    await page.goto('/delegations');
    if (scripts) await lookAt(page, 'delegations');
    await page.getByLabel('Who', { exact: true }).fill('nobody-of-that-name');
    await page.getByLabel('Until', { exact: true }).fill(new Date(Date.now() + 86_400_000).toISOString().slice(0, 16));
    await page.getByLabel('Why', { exact: true }).fill('On <b>holiday</b> & off the grid');
    manager.trouble.expect(/422/);
    await page.getByRole('button', { name: 'Let them stand in' }).click();
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByLabel('Why', { exact: true }).inputValue(), 'On <b>holiday</b> & off the grid');
    await page.getByLabel('Who', { exact: true }).fill('manager2');
    await page.getByRole('button', { name: 'Let them stand in' }).click();
    const table = page.getByRole('table', { name: /Who stands in for whom/ });
    const row = table.getByRole('row').filter({ hasText: 'In force' });
    await row.getByText('On <b>holiday</b> & off the grid').waitFor();
    if (scripts) await lookAt(page, 'delegations-made');

    await other.page.reload();
    await decide(other, id, 'Approve');
    await other.page.locator('#r-side').getByText(/manager\b/).first().waitFor();
    await becomes(developer, 'Succeeded');
    const { approvals } = await api('developer', 'GET', `/changes/${id}`);
    assert.equal(approvals[0].on_behalf_of.login, 'manager');

    await row.getByRole('button', { name: 'End it: manager2 for manager' }).click();
    await table.getByRole('row').filter({ hasText: 'Ended early' }).first().waitFor();
    assert.equal(await row.count(), 0);
    for (const { trouble, close } of [manager, other, developer]) {
      trouble.none();
      await close();
    }
  });
}
