// A deployment asked for and approved without a mouse: Tab, Enter, arrows, letters. Wherever the focus is, it can be seen.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, badge, becomes } from './harness/changes.mjs';
import { jenkins, otherVersion, tidy } from './harness/world.mjs';

/** So many presses of Tab may lie between one thing and the next. */
const FAR = 80;
const SERVICE = 'payment';
let browser;

before(async () => { browser = await launch(); });
after(() => browser.close());

/** What has the focus: its role's name as a person hears it, and whether the focus shows and lies on the screen. */
const focused = (page) => page.evaluate(() => {
  const it = document.activeElement;
  if (!it || it === document.body) return undefined;
  const style = getComputedStyle(it);
  const label = it.getAttribute('aria-label') ?? it.labels?.[0]?.textContent ?? it.textContent ?? '';
  const box = it.getBoundingClientRect();
  const ringed = (of) => (of.outlineStyle !== 'none' && parseFloat(of.outlineWidth) > 0) || of.boxShadow !== 'none';
  return {
    tag: it.tagName.toLowerCase(),
    name: label.replace(/\s+/g, ' ').trim(),
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
    // Of a radio button that is drawn by its label, the label shows it.
    ringed: ringed(style) || [...(it.labels ?? [])].some((label) => ringed(getComputedStyle(label))),
  };
});

/** Goes on by Tab to what has this tag and name; each stop on the way must be one that can be seen. */
async function tabTo(page, tag, name) {
  const passed = [];
  for (let n = 0; n < FAR; n += 1) {
    await page.keyboard.press('Tab');
    let it = await focused(page);
    if (!it) continue;
    if (!it.seen) {
      // What slides in is under way for a moment.
      await page.waitForTimeout(300);
      it = await focused(page);
    }
    passed.push(`${it.tag} ${it.name.slice(0, 40)}`);
    assert.ok(it.seen && it.ringed, `on ${page.url()} the focus cannot be seen: ${JSON.stringify(it)}`);
    if (it.tag === tag && name.test(it.name)) return;
  }
  assert.fail(`on ${page.url()} Tab does not come to ${tag} ${name}; it came by\n${passed.join('\n')}`);
}

/** In a list that has the focus, goes to the option with this value by its letters. */
async function choose(page, value) {
  await page.keyboard.type(value);
  assert.equal(await page.evaluate(() => document.activeElement.value), value);
}

for (const scripts of [true, false]) {
  test(`asked for and approved by keyboard alone, with scripts ${scripts ? 'on' : 'off'}`, async () => {
    await tidy(SERVICE);
    await jenkins({ job: `shop/deploy-${SERVICE}`, behaviour: { kind: 'deploy' } });
    const [developer, colleague] = [await arrive(browser, 'developer', { scripts }), await arrive(browser, 'developer2', { scripts })];
    const version = await otherVersion(SERVICE, 'staging');
    const { page } = developer;

    await page.goto(`/services/${SERVICE}`);
    // The first stop leads past the navigation.
    await page.keyboard.press('Tab');
    assert.match((await focused(page)).name, /skip/i);
    await page.keyboard.press('Enter');
    await tabTo(page, 'a', /^Request a deployment$/);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/deploy/);
    await tabTo(page, 'select', /^Release/);
    await choose(page, version);
    await tabTo(page, 'select', /^Environment/);
    await choose(page, 'staging');
    await tabTo(page, 'button', /^Look at what it would do$/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '3. Who must agree' }).waitFor();
    await tabTo(page, 'textarea', /^Why/);
    await page.keyboard.type('By keyboard');
    await tabTo(page, 'button', /^Request this deployment$/);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/changes\/[0-9a-f-]{36}$/);
    await badge(page, 'Awaiting approval').waitFor();
    const path = new URL(page.url()).pathname;

    await colleague.page.goto(path);
    await tabTo(colleague.page, 'textarea', /^Comment/);
    await colleague.page.keyboard.type('Seen, by keyboard');
    await tabTo(colleague.page, 'button', /^Approve$/);
    await colleague.page.keyboard.press('Enter');
    await colleague.page.getByText('Your approval is recorded.').waitFor();
    await becomes(developer, 'Succeeded');
    for (const { trouble, close } of [developer, colleague]) {
      trouble.none();
      await close();
    }
  });
}
