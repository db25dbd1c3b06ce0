// What the portal cannot decide alone: an operator looks at what Jenkins and the cluster say now, and decides.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, badge, becomes, shown } from './harness/changes.mjs';
import { lookAt } from './harness/views.mjs';
import { api, jenkins, otherVersion, reaches, request, tidy } from './harness/world.mjs';

/** What becomes of each: the words of the decision, what its build does, and who carries it out. */
const CASES = {
  retry: { service: 'cart', behaviour: 'deploy', scripts: true },
  done: { service: 'payment', behaviour: 'deploy', scripts: false },
  abandon: { service: 'checkout', behaviour: 'hang', scripts: true },
};
const PATIENCE_MS = 240_000;
const parked = {};
let browser;

const steps = async (id) => (await api('developer', 'GET', `/changes/${id}`)).run?.steps ?? [];
const trigger = async (id) => (await steps(id)).find(({ kind }) => kind === 'trigger_pipeline');

async function until(what, found) {
  const end = Date.now() + PATIENCE_MS;
  while (!(await found())) {
    assert.ok(Date.now() < end, `${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Builds are started without an answer, and for a while Jenkins does not say whether they were. */
async function park() {
  const all = Object.entries(CASES);
  for (const [, { service, behaviour }] of all) await jenkins({ job: `shop/deploy-${service}`, behaviour: { kind: behaviour } });
  await jenkins({ drop_trigger_replies: all.length });
  await Promise.all(all.map(async ([name, { service }]) => {
    await tidy(service);
    const version = await otherVersion(service, 'dev');
    parked[name] = await request(service, 'dev', `To be decided on: ${name}`, { version, start_mode: 'on_approval' });
  }));
  // All of them have asked and heard nothing; the next look comes after a second.
  await until('the lost answers', async () => {
    const found = await Promise.all(all.map(([name]) => trigger(parked[name])));
    return found.every((step) => step?.note?.includes('Looking whether'));
  });
  await jenkins({ answers: 'html' });
  await until('the need for a person', async () => {
    const states = await Promise.all(all.map(async ([name]) => (await api('developer', 'GET', `/changes/${parked[name]}`)).state));
    assert.ok(states.every((state) => ['running', 'needs_attention'].includes(state)), `they are ${states}`);
    return states.every((state) => state === 'needs_attention');
  });
  await jenkins({ answers: 'normal' });
}

before(async () => {
  browser = await launch();
  await park();
});
after(async () => {
  await jenkins({ answers: 'normal', drop_trigger_replies: 0 });
  for (const { service } of Object.values(CASES)) await jenkins({ job: `shop/deploy-${service}`, behaviour: { kind: 'deploy' } });
  await browser.close();
});

/** An operator on the page of one that needs attention, coming from the list. */
async function looking(name) {
  const operator = await arrive(browser, 'operator', { scripts: CASES[name].scripts });
  const { page } = operator;
  await page.goto('/attention');
  await page.locator(`a[href="/attention/${parked[name]}"]`).first().click();
  await page.getByRole('heading', { name: 'Your decision' }).waitFor();
  await page.getByText('Whether Jenkins started').first().waitFor();
  return operator;
}

async function decided({ page }, choice, label, fields) {
  await page.locator(`#ask-${choice}`).click();
  for (const [field, text] of Object.entries(fields)) await page.locator(`#${choice}-${field}`).fill(text);
  await page.getByRole('button', { name: label, exact: true }).click();
  await page.waitForURL(/\/changes\/[0-9a-f-]{36}$/);
}

test('a developer sees that it waits for an operator', async () => {
  const { page, trouble, close } = await arrive(browser, 'developer');
  await page.goto(`/changes/${parked.retry}`);
  await badge(page, 'Needs attention').waitFor();
  trouble.none();
  await close();
});

test('one that is looked at again finds its build and goes on', async () => {
  const operator = await looking('retry');
  await operator.page.getByText(/Build \d+ /).first().waitFor();
  await lookAt(operator.page, 'attention');
  await decided(operator, 'retry', 'Look again', { reason: 'Jenkins answers again' });
  await becomes(operator, 'Succeeded');
  const { attempts } = await trigger(parked.retry);
  assert.ok(attempts >= 1);
  operator.trouble.none();
  await operator.close();
});

test('one is marked as done with evidence, and verified before it counts, with scripts off', async () => {
  const operator = await looking('done');
  await decided(operator, 'done', 'Mark as done', { reason: 'The build deployed it', reference: 'https://jenkins.example/job/1/' });
  await becomes(operator, 'Succeeded');
  const verify = (await steps(parked.done)).find(({ kind }) => kind === 'verify_rollout');
  assert.equal(verify.state, 'succeeded');
  operator.trouble.none();
  await operator.close();
});

test('one that is abandoned has its build stopped first and says what was done', async () => {
  const operator = await looking('abandon');
  await operator.page.getByText(/runs at this moment/).waitFor();
  await decided(operator, 'abandon', 'Abandon', { reason: 'It was the wrong version' });
  await shown(operator, operator.page.getByText('The run is being stopped.'), 5_000);
  await becomes(operator, 'Cancelled');
  const change = await reaches(parked.abandon, 'cancelled');
  assert.match(change.state_reason, /eu-west-1: /);
  await operator.page.goto(`/attention/${parked.abandon}`);
  await operator.page.getByText('abandoned it').waitFor();
  operator.trouble.none();
  await operator.close();
});
