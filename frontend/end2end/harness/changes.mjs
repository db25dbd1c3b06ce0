// What people do with changes, step by step, by what the pages show. Each works with scripts on and off.

import assert from 'node:assert/strict';
import { open } from './browser.mjs';
import { signIn } from './people.mjs';
import { stack } from './stack.mjs';

/** A person at a browser context of their own, signed in. `followed` is whether their pages change by themselves. */
export async function arrive(browser, login, { scripts = true, ...more } = {}) {
  const person = await open(browser, { scripts, baseURL: stack().portal, ...more });
  await signIn(person.page, login);
  return { ...person, login, followed: scripts };
}

/** Asks for a deployment as a person does, from the service's page; answers the change's id. */
export async function ask({ page }, { service, version, environment, reason, manual = false }) {
  await page.goto(`/services/${service}`);
  await page.getByRole('link', { name: 'Request a deployment' }).click();
  await page.getByLabel('Release', { exact: true }).selectOption(version);
  await page.getByLabel('Environment', { exact: true }).selectOption(environment);
  await page.getByRole('button', { name: 'Look at what it would do' }).click();
  await page.getByRole('heading', { name: '3. Who must agree' }).waitFor();
  await page.getByLabel('Why', { exact: true }).fill(reason);
  if (manual) await page.getByRole('radio', { name: /When somebody starts it/ }).check();
  await page.getByRole('button', { name: 'Request this deployment' }).click();
  await page.waitForURL(/\/changes\/[0-9a-f-]{36}$/);
  return new URL(page.url()).pathname.split('/').pop();
}

/** The badge of the change's state, in the page's head. */
export const badge = (page, word) => page.locator('#r-head .status').filter({ hasText: new RegExp(`^${word}$`) });

/**
 * Waits until the page of a change shows what `locator` finds. A page with scripts must come to show it by itself;
 * one without is loaded again until it does.
 */
export async function shown({ page, followed }, locator, timeout = 60_000) {
  if (followed) return locator.first().waitFor({ timeout });
  const end = Date.now() + timeout;
  while (!(await locator.first().isVisible())) {
    assert.ok(Date.now() < end, `${page.url()} does not come to show ${locator}: ${await page.locator('#r-head').innerText()}`);
    await page.reload();
  }
}

/** Waits until the change on the person's page is in the state with this word. */
export const becomes = (person, word, timeout) => shown(person, badge(person.page, word), timeout);

/** Confirms with the second factor where the page offers it, and comes back to the change. */
export async function confirm(page, answer) {
  await page.getByRole('link', { name: 'Confirm with a second factor' }).click();
  await answer();
  await page.waitForURL(/\/changes\//);
}

/** Approves or rejects on the page of the change. */
export async function decide({ page }, id, verdict, comment) {
  if (!page.url().includes(id)) await page.goto(`/changes/${id}`);
  if (comment) await page.getByLabel('Comment', { exact: true }).fill(comment);
  await page.getByRole('button', { name: verdict, exact: true }).click();
  await page.getByText(verdict === 'Approve' ? 'Your approval is recorded.' : 'Your rejection is recorded.').waitFor();
}
