// What was approved no longer holds: the start is refused, and the page says what differs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, ask, badge, becomes, decide, shown } from './harness/changes.mjs';
import { jenkins, otherVersion, tidy, word } from './harness/world.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

for (const scripts of [true, false]) {
  test(`an approved change is not started on other evidence, with scripts ${scripts ? 'on' : 'off'}`, async () => {
    const service = 'payment';
    await tidy(service);
    await jenkins({ job: `shop/deploy-${service}`, behaviour: { kind: 'deploy' } });
    const [developer, colleague] = await Promise.all(['developer', 'developer2'].map((login) => arrive(browser, login, { scripts })));
    const version = await otherVersion(service, 'staging');
    const id = await ask(developer, { service, version, environment: 'staging', reason: 'Approved, then overtaken', manual: true });
    await decide(colleague, id, 'Approve');
    await becomes(developer, 'Approved');

    // Meanwhile another version is deployed to the same place.
    const other = await otherVersion(service, 'staging', [version]);
    const between = await ask(colleague, { service, version: other, environment: 'staging', reason: 'Overtakes it' });
    await word('developer', between);
    await becomes(colleague, 'Succeeded');

    developer.trouble.expect(/409/); // the start that is refused
    await developer.page.goto(`/changes/${id}`);
    await developer.page.getByRole('button', { name: 'Start now' }).click();
    await developer.page.getByRole('alert').waitFor();
    await shown(developer, badge(developer.page, 'Stale'));
    const differs = developer.page.getByRole('table', { name: 'What differs' });
    const row = differs.getByRole('row').filter({ hasText: /current/ }).filter({ hasText: other });
    await row.first().waitFor();
    assert.equal(await developer.page.getByRole('button', { name: 'Start now' }).count(), 0);
    await developer.page.locator('#ask-retry').waitFor();
    for (const { trouble, close } of [developer, colleague]) {
      trouble.none();
      await close();
    }
  });
}
