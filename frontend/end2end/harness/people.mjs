// Signing in as a person does: at the identity provider, with its forms.

import { ONE_TIME_CODE, PASSWORD } from '../../../local/idp/people.mjs';
import { stack } from './stack.mjs';

const atIdp = (url) => url.origin === new URL(stack().idp).origin;

/** Fills in the identity provider's form, on which the page must be, and waits until it has led away. Asks for no script. */
export async function answerIdp(page, login, { password = PASSWORD, code = ONE_TIME_CODE } = {}) {
  await page.getByLabel('Password').waitFor();
  // All of the form: on a busy machine it comes in pieces.
  await page.waitForLoadState('domcontentloaded');
  const account = page.getByRole('radio', { name: new RegExp(`^${login} `) });
  if (await account.count()) await account.check();
  await page.getByLabel('Password').fill(password);
  const otp = page.getByLabel('One-time code');
  if (await otp.count()) await otp.fill(code);
  if (await account.count()) await account.check();
  await page.getByRole('button', { name: /^(Sign in|Confirm)$/ }).click();
}

/** Signs in at the portal, from its own sign-in page, and waits for the page behind it. */
export async function signIn(page, login, from = '/') {
  await page.goto(new URL(from, stack().portal).href);
  if (!atIdp(new URL(page.url()))) await page.getByRole('link', { name: /sign in/i }).or(page.getByRole('button', { name: /sign in/i })).first().click();
  await answerIdp(page, login);
  await page.waitForURL((url) => url.origin === new URL(stack().portal).origin);
}

/** Confirms a step-up with the second factor and waits for the portal to take over again. */
export async function stepUp(page, login) {
  await answerIdp(page, login);
  await page.waitForURL((url) => url.origin === new URL(stack().portal).origin);
}
