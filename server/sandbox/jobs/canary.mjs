// A canary: a Deployment of its own beside the service's, with the same pods but for the image and one label. Everything that
// selects the service's pods by their labels (a Service, a NetworkPolicy) selects its pods too, so it gets its part of the
// requests. It is known by the label alone: a Deployment of the same name without it belongs to somebody else and is left alone.

const env = process.env;
const label = 'portolan.dev/canary-of';
const annotation = 'portolan.dev/run';
const name = `${env.SERVICE}-canary`;
const deployments = `/apis/apps/v1/namespaces/${env.NAMESPACE}/deployments`;
const pods = `/api/v1/namespaces/${env.NAMESPACE}/pods?labelSelector=${encodeURIComponent(`${label}=${env.SERVICE}`)}`;

/** The percentage that is asked for; null for all of the replicas. */
export function shareOf(text, Refusal) {
  if (!text) return null;
  if (!/^[1-9][0-9]?$/.test(text)) throw new Refusal(`CANARY_SHARE is no whole number of percent from 1 to 99: ${text}`);
  return Number(text);
}

/** The service's Deployment again, as its canary: what the server writes is left out. */
function canaryOf({ spec }, { image }, replicas) {
  const { selector, template, minReadySeconds, progressDeadlineSeconds } = spec;
  const containers = template.spec.containers.map((one) => (one.name === env.SERVICE ? { ...one, image } : one));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    // None of the labels of the service's Deployment: what manages that one by them must not take this one for its own.
    metadata: { name, namespace: env.NAMESPACE, labels: { [label]: env.SERVICE }, annotations: { [annotation]: env.PORTOLAN_RUN_ID } },
    spec: {
      replicas,
      minReadySeconds,
      progressDeadlineSeconds,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [label]: env.SERVICE } },
      template: {
        metadata: { annotations: template.metadata.annotations, labels: { ...template.metadata.labels, [label]: env.SERVICE } },
        spec: { ...template.spec, containers },
      },
    },
  };
}

/** Brings the share of pods up beside those that run. One that an earlier change left behind goes first. */
export async function bringUp(job, stable, share) {
  const { call, say, Refusal, rollout, leaves } = job;
  const all = stable.spec.replicas ?? 1;
  if (all < 1) throw new Refusal(`Deployment ${env.SERVICE} is scaled to none, and there is no share of that`);
  const replicas = Math.max(1, Math.ceil((share * all) / 100));
  await takeAway(job);
  leaves(`The canary ${name} may be coming up; the next deployment takes it away.`);
  await call('Make the canary', 'POST', deployments, canaryOf(stable, job, replicas), 'application/json');
  say(`Canary ${name}: ${replicas} pods, ${share} % of ${all} rounded up, get ${job.image}`);
  leaves(`The canary ${name} was made and stays; the next deployment takes it away.`);
  await rollout(call, `${deployments}/${name}`);
  say(`Done: the canary of ${env.SERVICE} runs ${env.VERSION}; everything else runs what it ran before`);
}

/** Takes a canary away, if there is one, and waits until none of its pods is left. */
export async function takeAway({ call, say, Refusal, sleep, leaves, deadlineMs }) {
  const found = await call('Look for a canary', 'GET', `${deployments}/${name}`, null, null, 'null');
  if (found && found.metadata.labels?.[label] !== env.SERVICE) {
    say(`Deployment ${name} is no canary: it lacks the label ${label}=${env.SERVICE}, and is left alone`);
    return;
  }
  if (found) {
    leaves(`The canary ${name} may still be there; the next deployment takes it away.`);
    // Foreground: the Deployment goes after its last pod. And this very one, not another that came meanwhile.
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground', preconditions: { uid: found.metadata.uid } };
    await call('Take the canary away', 'DELETE', `${deployments}/${name}`, options, 'application/json', 'null');
  }
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const left = await call('Look for a canary', 'GET', `${deployments}/${name}`, null, null, 'null');
    const running = (await call('List the pods of the canary', 'GET', pods)).items.length;
    const gone = !left || left.metadata.uid !== found?.metadata.uid;
    if (gone && running === 0) break;
    if (Date.now() > deadline) throw new Refusal(`The canary ${name} does not go: ${running} pods of it are left`);
    await sleep(300);
  }
  if (found) say(`The canary ${name} is gone`);
}
