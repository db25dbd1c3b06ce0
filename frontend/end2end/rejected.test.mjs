// A rejection needs a reason, ends the change, and the asker sees by whom and why.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, ask, badge, becomes, decide } from './harness/changes.mjs';
import { otherVersion, tidy } from './harness/world.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

for (const scripts of [true, false]) {
  test(`a rejected change tells the asker why, with scripts ${scripts ? 'on' : 'off'}`, async () => {
    await tidy('payment');
    const [developer, colleague] = await Promise.all(['developer', 'developer2'].map((login) => arrive(browser, login, { scripts })));
    const version = await otherVersion('payment', 'staging');
    const id = await ask(developer, { service: 'payment', version, environment: 'staging', reason: 'To be refused' });
    await badge(developer.page, 'Awaiting approval').waitFor();

    await colleague.page.goto(`/changes/${id}`);
    colleague.trouble.expect(/422/);
    await refusedWithoutReason(colleague.page);
    const comment = 'The <b>ledger</b> migrates today & nothing may move';
    await decide(colleague, id, 'Reject', comment);

    await becomes(developer, 'Rejected');
    await developer.page.locator('#r-side').getByText(comment).waitFor();
    await developer.page.locator('#r-side').getByText('developer2').first().waitFor();
    assert.equal(await developer.page.getByRole('button', { name: 'Start now' }).count(), 0);
    for (const { trouble, close } of [developer, colleague]) {
      trouble.none();
      await close();
    }
  });
}

async function refusedWithoutReason(page) {
  await page.getByRole('button', { name: 'Reject', exact: true }).click();
  await page.getByRole('alert').waitFor();
  assert.equal(await page.getByLabel('Comment', { exact: true }).getAttribute('aria-invalid'), 'true');
}
