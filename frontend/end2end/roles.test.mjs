// What each job role is offered, and what is not there for it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive } from './harness/changes.mjs';
import { api, otherVersion, tidy } from './harness/world.mjs';

const MENU = ['Home', 'Services', 'Changes', 'Approvals', 'Calendar', 'Rules', 'Environments', 'Catalogue'];
const people = [
  { login: 'developer', menu: MENU, home: ['My changes', 'My services'], foreign: ['search'], closed: ['/audit', '/people'] },
  { login: 'catalog-developer', menu: MENU, home: ['My changes', 'My services'], foreign: ['cart'], closed: ['/audit', '/people'] },
  { login: 'manager', menu: MENU, home: ['Waits for your word'], foreign: [], closed: ['/audit', '/people'] },
  { login: 'operator', menu: MENU.toSpliced(4, 0, 'Attention'), home: ['Needs attention', 'Running now'], foreign: [], closed: ['/audit', '/people'] },
  { login: 'auditor', menu: [...MENU, 'People', 'Audit'], home: ['Newest refusals', 'Newest events'], foreign: [], closed: [] },
  { login: 'administrator', menu: [...MENU, 'People', 'Audit'], home: ['Catalogue'], foreign: [], closed: [] },
  { login: 'outsider', menu: ['Home'], home: [], foreign: ['cart', 'search'], closed: ['/audit', '/catalog', '/environments', '/calendar', '/rules'] },
];
let browser;
let change;

before(async () => {
  browser = await launch();
  await tidy('payment');
  const version = await otherVersion('payment', 'staging');
  change = (await api('developer', 'POST', '/changes', { kind: 'deploy', service: 'payment', version, environment: 'staging', reason: 'Looked at by everybody' })).id;
});
after(async () => {
  await tidy('payment');
  await browser.close();
});

for (const { login, menu, home, foreign, closed } of people) {
  test(`${login} is offered their own places and no others`, async () => {
    const { page, trouble, close } = await arrive(browser, login);
    assert.deepEqual(await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allTextContents(), menu);
    for (const name of home) await page.getByRole('heading', { level: 2, name: new RegExp(`^${name}`) }).waitFor();
    for (const name of menu) {
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true }).click();
      await page.locator('nav a[aria-current="page"]', { hasText: name }).waitFor();
    }
    trouble.none();

    trouble.expect(/\b40[34]\b/); // the pages below that are not theirs
    for (const service of foreign) {
      for (const address of [`/services/${service}`, `/services/${service}/deploy`]) {
        assert.equal((await page.goto(address)).status(), 404, address);
        // The same page as for a service that does not exist: nothing is given away.
        assert.equal((await page.goto(`${address.replace(service, 'no-such-service')}`)).status(), 404);
      }
    }
    for (const address of closed) assert.equal((await page.goto(address)).status(), 403, address);
    if (login === 'catalog-developer') assert.equal((await page.goto(`/changes/${change}`)).status(), 404);
    trouble.none();
    await close();
  });
}

test('an auditor sees everything and has nothing to press', async () => {
  const { page, trouble, close } = await arrive(browser, 'auditor');
  for (const address of ['/', '/services', '/services/payment', '/services/payment/deploy', '/changes', `/changes/${change}`, '/approvals', '/rules', '/environments', '/catalog', '/audit']) {
    assert.equal((await page.goto(address)).status(), 200, address);
    assert.equal(await page.locator('main form[method="post"]').count(), 0, `${address} has a form that changes something`);
    assert.equal(await page.getByRole('link', { name: 'Request a deployment' }).count(), 0, address);
    for (const button of await page.locator('main button:visible').all()) {
      const name = await button.innerText();
      // What is left are the filters of a list, and what is disabled with its reason.
      if (await button.isDisabled()) assert.ok(await button.getAttribute('aria-describedby'), `${address}: ${name} does not say why it is disabled`);
      else assert.match(name, /^(Filter|Follow)$/, address);
    }
  }
  trouble.none();
  await close();
});
