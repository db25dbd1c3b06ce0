// Rows of changes and of the words given on them, as the portal writes them: canonical evidence with its digest.

import { createHash } from 'node:crypto';

const MINUTE = 60_000;
const REASONS = ['Faster checkout for returning customers', 'Fixes rounding of discounts in two currencies', 'Security update of a library',
  'Less memory for large orders', 'New field for the mobile app', 'Reverts the last release: too many timeouts', 'Monthly dependency updates'];
const WHY = {
  failed: 'The rollout did not finish: 1 of 2 pods is not ready.',
  rejected: 'Not before the campaign is over.',
  stale: 'What would be done now is not what was asked for: eu-west-1 ran 1.0.0 then and runs 1.1.0 now.',
  cancelled: 'Wrong version.',
  expired: 'It was not approved in time.',
};
const RULES = {
  dev: () => [],
  staging: () => [{ rule: 'staging needs one of the owning team', count: 1, of: 'owning_team', step_up: false }],
  production: () => [{ rule: 'protected needs a manager with a second factor', count: 1, of: { job_role: 'manager' }, step_up: true }],
};

/** The same text the portal makes: keys sorted, no white space. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

const evidenceOf = ({ service, release, place, current }, requester, versions) => ({
  schema: 1,
  kind: 'deploy',
  requester,
  service: service.name,
  team: service.team,
  version: release.version,
  commit: release.commit,
  repository: service.image,
  digest: release.digest,
  environment: place.name,
  protected: place.protected,
  pipeline: service.pipeline,
  targets: place.regions.map(({ region, side, cluster }, n) => ({
    region, side, account: place.account, cluster, namespace: place.namespace,
    current: current[n] ? { version: current[n].version, digest: current[n].digest } : null,
  })),
  rule_version: versions.rules,
  policy_version: versions.policies,
});

/** Who asks for a change and who has the word on it, and when. */
function partsOf(change, people, random) {
  const team = people.get(change.service.team);
  const asks = random.below(team.developers.length);
  const other = team.developers[(asks + 1) % team.developers.length];
  const decided = change.at + 2 * MINUTE + random.next() * 180 * MINUTE;
  return { requester: team.developers[asks], approver: change.place.protected ? team.manager : other, decided };
}

/** Rows for `change` and `approval` from the plot, in its order. */
export function* changeRows({ story, people, random, versions, approvals }) {
  const expiry = 7 * 24 * 60 * MINUTE;
  for (const change of story) {
    const { requester, approver, decided } = partsOf(change, people, random);
    const evidence = canonical(evidenceOf(change, requester.login, versions));
    const digest = `\\x${createHash('sha256').update(evidence).digest('hex')}`;
    const requirements = RULES[change.place.name]();
    const verdict = { succeeded: 'approve', failed: 'approve', stale: 'approve', rejected: 'reject' }[change.state];
    if (verdict && requirements.length > 0) {
      approvals.push({
        id: random.id(decided), change_id: change.id, person_id: approver.id, verdict, evidence_digest: digest,
        comment: verdict === 'reject' ? WHY.rejected : '', stepped_up: change.place.protected, auth_time: new Date(decided - MINUTE).toISOString(),
        door: 'person', at: new Date(decided).toISOString(),
      });
    }
    const ended = { awaiting_approval: change.at, expired: change.at + expiry, cancelled: change.at + MINUTE }[change.state]
      ?? (requirements.length > 0 ? decided : change.at) + (verdict === 'approve' && change.state !== 'stale' ? 90_000 * change.place.regions.length : 0);
    yield {
      id: change.id, kind: 'deploy', state: change.state, reason: random.one(REASONS), requester_id: requester.id, requester_login: requester.login,
      service_id: change.service.id, service: change.service.name, team: change.service.team, release_id: change.release.id,
      version: change.release.version, environment: change.place.name, protected: change.place.protected, start_mode: 'on_approval',
      evidence, evidence_digest: digest, requirements, state_reason: WHY[change.state] ?? null, cancel_requested: false, retry_of: null,
      version_no: change.state === 'awaiting_approval' ? 1 : 16, created_at: new Date(change.at).toISOString(),
      updated_at: new Date(ended).toISOString(), expires_at: new Date(change.at + expiry).toISOString(),
    };
  }
}
