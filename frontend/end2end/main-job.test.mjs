// The main job by three people and an auditor: asked for, agreed to, run in the passive and then the active region.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, ask, badge, becomes, decide, shown } from './harness/changes.mjs';
import { stepUp } from './harness/people.mjs';
import { api, jenkins, otherVersion, tidy } from './harness/world.mjs';

const PASSIVE = 'eu-central-1';
const ACTIVE = 'eu-west-1';
let browser;

before(async () => { browser = await launch(); });
after(() => browser.close());

for (const scripts of [true, false]) {
  test(`a developer asks, others agree, and both regions are deployed, with scripts ${scripts ? 'on' : 'off'}`, async () => {
    const service = scripts ? 'cart' : 'checkout';
    await tidy(service);
    await jenkins({ job: `shop/deploy-${service}`, behaviour: { kind: 'deploy' } });
    const [developer, colleague, manager, auditor] = await Promise.all(
      ['developer', 'developer2', 'manager', 'auditor'].map((login) => arrive(browser, login, { scripts })),
    );

    const staging = await otherVersion(service, 'staging');
    const first = await ask(developer, { service, version: staging, environment: 'staging', reason: 'The new basket, first on staging' });
    await badge(developer.page, 'Awaiting approval').waitFor();
    await developer.page.getByText('One of team checkout').first().waitFor();

    // The colleague finds it in the inbox and decides there; the asker's page, open all the while, moves on.
    const title = `Deploy ${service} ${staging} to staging`;
    await colleague.page.goto('/approvals');
    await colleague.page.getByRole('article', { name: title }).getByText('The new basket, first on staging').waitFor();
    await colleague.page.getByRole('button', { name: `Approve: ${title}` }).click();
    await colleague.page.getByText('Your approval is recorded.').waitFor();
    assert.equal(await colleague.page.getByRole('article', { name: title }).count(), 0);
    await ran(developer, first, { service, version: staging, environment: 'staging' });

    const version = await otherVersion(service, 'production');
    const second = await ask(developer, { service, version, environment: 'production', reason: 'Staging has run it well' });
    await badge(developer.page, 'Protected').waitFor();
    await manager.page.goto(`/changes/${second}`);
    assert.equal(await manager.page.getByRole('button', { name: 'Approve', exact: true }).isDisabled(), true);
    await manager.page.getByRole('link', { name: 'Confirm with a second factor' }).click();
    await stepUp(manager.page, 'manager');
    await decide(manager, second, 'Approve', 'Seen on staging');
    await ran(developer, second, { service, version, environment: 'production', comment: 'Seen on staging' });

    await audited(auditor, second);
    for (const { trouble, close } of [developer, colleague, manager, auditor]) {
      trouble.none();
      await close();
    }
  });
}

/** The change runs through both regions before the person's eyes, and the service's page says so afterwards. */
async function ran(person, id, { service, version, environment, comment }) {
  const { page } = person;
  await shown(person, page.getByRole('heading', { name: 'The run' }));
  // The lines of each region come by themselves where scripts are on.
  for (const region of [PASSIVE, ACTIVE]) await shown(person, page.locator(`#log [data-l$=" ${region}"]`).last());
  await becomes(person, 'Succeeded');
  assert.deepEqual(await page.locator('.run-region h3').evaluateAll((all) => all.map((h) => h.textContent.split(' ')[0])), [PASSIVE, ACTIVE]);
  if (comment) await page.getByText(comment).first().waitFor();
  const steps = page.locator('.run-region .step');
  assert.equal(await steps.filter({ has: page.locator('.status', { hasText: /^Succeeded$/ }) }).count(), await steps.count());
  const places = await page.locator('#log [data-l]').evaluateAll((all) => all.map((line) => line.dataset.l.split(' ')[1]));
  assert.ok(places.lastIndexOf(PASSIVE) < places.indexOf(ACTIVE), 'the active region was written to before the passive one was done');

  const { run } = await api('developer', 'GET', `/changes/${id}`);
  const of = (region) => run.steps.filter((step) => step.region === region);
  const done = Math.max(...of(PASSIVE).map((step) => Date.parse(step.finished_at)));
  assert.ok(of(ACTIVE).every((step) => Date.parse(step.started_at) >= done), 'a step of the active region began before the passive one was done');

  await page.goto(`/services/${service}`);
  const table = page.getByRole('table', { name: 'What runs where' });
  for (const region of [PASSIVE, ACTIVE]) {
    const row = table.getByRole('row').filter({ has: page.locator(`a[href="/changes/${id}"]`) }).filter({ hasText: region });
    assert.equal(await row.locator('.version').textContent(), version, `${environment} in ${region}`);
  }
}

/** The auditor finds all of it in the log, by the log's own filters. */
async function audited({ page }, id) {
  const events = [
    ['change', id, 'change.requested', 'developer', 'asked for this change'],
    ['login', 'manager', 'session.stepped_up', 'manager', 'confirmed with a second factor'],
    ['change', id, 'change.approved', 'manager', 'approved'],
    ['change', id, 'aws.role_assumed', 'developer', 'an AWS session was made'],
    ['change', id, 'change.succeeded', '', 'the change succeeded'],
  ];
  for (const [filter, value, kind, who, what] of events) {
    await page.goto(`/audit?${filter}=${value}&kind=${kind}`);
    await page.getByRole('row').filter({ hasText: who }).filter({ hasText: new RegExp(what, 'i') }).first().waitFor();
  }
}
