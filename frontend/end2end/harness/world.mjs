// What a journey needs from outside of the browser: the sandbox's switches, and the API for preparing and for tidying up.

import assert from 'node:assert/strict';
import { callWithToken } from '../../../local/parts/person.mjs';
import { VERSIONS } from '../../../local/parts/seed.mjs';
import { stack, tokens } from './stack.mjs';

/** Calls the API with the token of `login` and answers what came, whatever it is. */
export const tryApi = (login, method, path, body) => callWithToken(stack().portal, tokens()[login], method, path, body);

/** Calls the API with the token of `login` and answers the body; anything but success fails the journey. */
export async function api(login, method, path, body) {
  const answer = await tryApi(login, method, path, body);
  assert.ok(answer.status < 300, `${method} ${path} as ${login} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Turns the switches of the sandbox's Jenkins. */
export async function jenkins(switches) {
  const response = await fetch(new URL('/_world/jenkins', stack().sandbox), {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(switches),
  });
  assert.ok(response.ok, `the world answered ${response.status}: ${await response.text()}`);
}

/** A version of the service that does not run in the environment, so that deploying it changes something; `login` is who sees the service. */
export async function otherVersion(service, environment, not = [], login = 'developer') {
  const { cells } = await api(login, 'GET', `/services/${service}`);
  const taken = [...not, ...cells.filter((cell) => cell.environment === environment).map((cell) => cell.version)];
  return VERSIONS.toReversed().find((version) => !taken.includes(version));
}

/** Asks for a deployment by API; answers the change's id. */
export async function request(service, environment, reason, more = {}) {
  const version = more.version ?? await otherVersion(service, environment);
  return (await api('developer', 'POST', '/changes', { kind: 'deploy', service, version, environment, reason, start_mode: 'manual', ...more })).id;
}

/** A word given by API token, which counts where no second factor is asked for. */
export async function word(login, id, decision = 'approve', comment = undefined) {
  const { evidence_digest } = await api(login, 'GET', `/changes/${id}`);
  await api(login, 'POST', `/changes/${id}/approvals`, { evidence_digest, decision, comment });
}

/** Waits until the change is in the state. */
export async function reaches(id, state) {
  for (const end = Date.now() + 60_000; ;) {
    const change = await api('developer', 'GET', `/changes/${id}`);
    if (change.state === state) return change;
    assert.ok(Date.now() < end, `${id} is ${change.state}, not ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** Cancels what an earlier journey left open for the service, so that journeys do not depend on each other. */
export async function tidy(service) {
  for (const state of ['awaiting_approval', 'approved', 'scheduled']) {
    const { items } = await api('developer', 'GET', `/changes?service=${service}&state=${state}&limit=100`);
    for (const { id } of items) await api('developer', 'POST', `/changes/${id}/cancel`, { reason: 'left by an earlier journey' });
  }
}
