// A share of the replicas goes first in each region: pods of a canary beside the others, watched, and taken away with the rest.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { arrive, ask, becomes, decide, shown } from './harness/changes.mjs';
import { stepUp } from './harness/people.mjs';
import { stack } from './harness/stack.mjs';
import { lookAt } from './harness/views.mjs';
import { api, jenkins, otherVersion } from './harness/world.mjs';

const SERVICE = 'search';
const ASKS = 'catalog-developer';
const REGIONS = ['eu-central-1', 'eu-west-1'];
let browser;

before(async () => { browser = await launch(); });
after(() => browser.close());

/** The Deployments of the service in a region, by name. */
async function deployments(region) {
  const clusters = await (await fetch(new URL('/_world/kubernetes', stack().sandbox))).json();
  const { deployments: all } = clusters.find((one) => one.name === 'shop-production' && one.region === region);
  return new Map(all.filter(({ name }) => name === SERVICE || name === `${SERVICE}-canary`).map((one) => [one.name, one]));
}

/** When the canary of this region is watched, the one that stands is its own, and the rest runs what it ran. */
async function stands(id, region, before) {
  for (;;) {
    const { run, state } = await api(ASKS, 'GET', `/changes/${id}`);
    assert.ok(['approved', 'running'].includes(state), `the change is ${state}`);
    if (run?.waves.find((wave) => wave.region === region && wave.of_share)?.began_at) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const here = await deployments(region);
  assert.equal(here.get(`${SERVICE}-canary`)?.replicas, 1, 'a quarter of two, rounded up');
  assert.equal(here.get(SERVICE).image, before, 'all others run what they ran');
  const others = await Promise.all(REGIONS.filter((one) => one !== region).map(deployments));
  assert.ok(others.every((there) => !there.has(`${SERVICE}-canary`)), 'a canary is elsewhere');
}

test('a share of the replicas goes first in each region', async () => {
  await jenkins({ job: `shop/deploy-${SERVICE}`, behaviour: { kind: 'deploy' } });
  const [developer, manager] = await Promise.all([ASKS, 'manager2'].map((login) => arrive(browser, login)));
  const version = await otherVersion(SERVICE, 'production', [], ASKS);
  const images = await Promise.all(REGIONS.map(async (region) => (await deployments(region)).get(SERVICE).image));
  const id = await ask(developer, { service: SERVICE, version, environment: 'production', reason: 'Finds more' });
  await developer.page.getByText('It stops in each region behind a canary of 25 %').first().waitFor();

  await manager.page.goto(`/changes/${id}`);
  await manager.page.getByRole('link', { name: 'Confirm with a second factor' }).click();
  await stepUp(manager.page, 'manager2');
  await decide(manager, id, 'Approve', 'A little of it first');
  for (const [n, region] of REGIONS.entries()) {
    await stands(id, region, images[n]);
    if (n === 0) {
      await shown(developer, developer.page.getByRole('heading', { name: `The canary of 25 % in ${region}` }));
      await lookAt(developer.page, 'share-watched');
    }
  }
  await becomes(developer, 'Succeeded', 180_000);
  for (const region of REGIONS) assert.deepEqual([...(await deployments(region)).keys()], [SERVICE], `a canary is left in ${region}`);
  await lookAt(developer.page, 'share-succeeded');
  for (const { trouble, close } of [developer, manager]) {
    trouble.none();
    await close();
  }
});
