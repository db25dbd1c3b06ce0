// Deploys one service to one cluster: the script that a deployment pipeline runs.
//
// The pipeline holds no AWS rights. It redeems a one-time ticket for credentials that can do what was approved and nothing
// else, asks EKS where the cluster is, puts the approved digest into the Deployment and waits until every pod runs it. Asked
// for a share (CANARY_SHARE) it brings up a canary beside what runs and leaves that alone; asked for all, it takes a canary
// away again, whoever brought it up.
// Needs Node 20 and nothing from npm. Parameters come as environment variables; see `required` below.
import { createHash, createHmac } from 'node:crypto';
import { request as https } from 'node:https';
import { bringUp, shareOf, takeAway } from './canary.mjs';

const required = ['PORTOLAN_RUN_ID', 'PORTOLAN_TICKET', 'PORTOLAN_URL', 'SERVICE', 'VERSION', 'DIGEST', 'REGION', 'CLUSTER', 'NAMESPACE'];
const env = process.env;
const rolloutTimeoutMs = Number(env.ROLLOUT_TIMEOUT_S ?? 600) * 1000;
const annotation = 'portolan.dev/run';

/** A reason to stop, in words for the reader of the log. */
class Refusal extends Error {}

const say = (text) => console.log(`${new Date().toISOString()} ${text}`);
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, data) => createHmac('sha256', key).update(data).digest();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

// ---- AWS Signature Version 4 -------------------------------------------------------------------------------------------

function scopeOf(date, service) {
  return `${date.slice(0, 8)}/${env.REGION}/${service}/aws4_request`;
}

function signature(credentials, date, service, canonicalRequest) {
  const text = ['AWS4-HMAC-SHA256', date, scopeOf(date, service), sha256(canonicalRequest)].join('\n');
  const key = [date.slice(0, 8), env.REGION, service, 'aws4_request'].reduce(
    (key, part) => hmac(key, part),
    `AWS4${credentials.SecretAccessKey}`,
  );
  return createHmac('sha256', key).update(text).digest('hex');
}

const amzDate = () => new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');

function canonical(method, path, query, headers) {
  const names = Object.keys(headers).sort();
  return [
    method,
    path,
    Object.keys(query).sort().map((name) => `${encode(name)}=${encode(query[name])}`).join('&'),
    names.map((name) => `${name}:${headers[name]}\n`).join(''),
    names.join(';'),
    sha256(''),
  ].join('\n');
}

/** Headers that sign a GET without a query. */
function signedHeaders(credentials, service, url) {
  const date = amzDate();
  const headers = { host: url.host, 'x-amz-date': date, 'x-amz-security-token': credentials.SessionToken };
  const value = signature(credentials, date, service, canonical('GET', url.pathname, {}, headers));
  const names = Object.keys(headers).sort().join(';');
  const { host, ...sent } = headers;
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.AccessKeyId}/${scopeOf(date, service)}, SignedHeaders=${names}, Signature=${value}`,
  };
}

/** The bearer token of an EKS cluster: a presigned GetCallerIdentity that is bound to the cluster's name. */
function clusterToken(credentials) {
  const date = amzDate();
  const host = `sts.${env.REGION}.amazonaws.com`;
  const headers = { host, 'x-k8s-aws-id': env.CLUSTER };
  const query = {
    Action: 'GetCallerIdentity',
    Version: '2011-06-15',
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.AccessKeyId}/${scopeOf(date, 'sts')}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': '60',
    'X-Amz-Security-Token': credentials.SessionToken,
    'X-Amz-SignedHeaders': Object.keys(headers).sort().join(';'),
  };
  query['X-Amz-Signature'] = signature(credentials, date, 'sts', canonical('GET', '/', query, headers));
  const url = `https://${host}/?${Object.keys(query).map((name) => `${encode(name)}=${encode(query[name])}`).join('&')}`;
  return `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`;
}

// ---- The portal and EKS ------------------------------------------------------------------------------------------------

async function answerOf(what, url, options) {
  let response;
  try {
    response = await fetch(url, { ...options, redirect: 'error', signal: AbortSignal.timeout(30_000) });
  } catch (error) {
    throw new Refusal(`${what}: no answer from ${new URL(url).host} (${error.cause?.message ?? error.message})`);
  }
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refusal(`${what}: ${response.status} and no JSON (${text.slice(0, 200)})`);
  }
  if (!response.ok) {
    const words = [body.title, body.detail, body.message, body.code].filter(Boolean).join('; ');
    const type = response.headers.get('x-amzn-errortype')?.split(':')[0];
    throw new Refusal(`${what}: refused with ${response.status}${type ? ` ${type}` : ''}: ${words || text.slice(0, 200)}`);
  }
  return body;
}

async function redeem() {
  const url = `${env.PORTOLAN_URL.replace(/\/$/, '')}/api/v1/tickets/redeem`;
  const credentials = await answerOf('Redeem the ticket', url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ticket: env.PORTOLAN_TICKET }),
  });
  if (credentials.Version !== 1 || !credentials.AccessKeyId || !credentials.SecretAccessKey || !credentials.SessionToken) {
    throw new Refusal('Redeem the ticket: the answer holds no session');
  }
  return credentials;
}

async function describeCluster(credentials) {
  const endpoint = env.SANDBOX_AWS_ENDPOINT ?? `https://eks.${env.REGION}.amazonaws.com`;
  const url = new URL(`${endpoint.replace(/\/$/, '')}/clusters/${encode(env.CLUSTER)}`);
  const { cluster } = await answerOf('Describe the cluster', url, { headers: signedHeaders(credentials, 'eks', url) });
  if (cluster.status !== 'ACTIVE') {
    throw new Refusal(`Cluster ${env.CLUSTER} in ${env.REGION} is ${cluster.status}, not ACTIVE`);
  }
  return cluster;
}

// ---- Kubernetes --------------------------------------------------------------------------------------------------------

function kubernetes(cluster, credentials) {
  const ca = Buffer.from(cluster.certificateAuthority.data, 'base64');
  const base = new URL(cluster.endpoint);
  let token = clusterToken(credentials);
  let made = Date.now();

  const once = (method, path, body, type) =>
    new Promise((resolve, reject) => {
      const url = new URL(base.href.replace(/\/$/, '') + path);
      const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
      // The length too: Node frames the body of a DELETE by nothing else.
      if (body) Object.assign(headers, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
      const request = https(url, { method, ca, headers, timeout: 30_000 }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(parts).toString() }));
      });
      request.on('timeout', () => request.destroy(new Error('no answer within 30 seconds')));
      request.on('error', reject);
      request.end(body);
    });

  return async (what, method, path, body, type, missing) => {
    // A token lives 15 minutes; a slow rollout outlives it.
    if (Date.now() - made > 10 * 60_000) {
      token = clusterToken(credentials);
      made = Date.now();
    }
    let answer;
    try {
      answer = await once(method, path, body && JSON.stringify(body), type);
    } catch (error) {
      throw new Refusal(`${what}: no answer from the Kubernetes API of ${env.CLUSTER} (${error.message})`);
    }
    let parsed;
    try {
      parsed = JSON.parse(answer.text);
    } catch {
      throw new Refusal(`${what}: ${answer.status} and no JSON (${answer.text.slice(0, 200)})`);
    }
    if (answer.status === 404 && missing === 'null') return null;
    if (answer.status >= 300) {
      throw new Refusal(`${what}: the Kubernetes API refused with ${answer.status} ${parsed.reason ?? ''}: ${parsed.message ?? ''}`);
    }
    return parsed;
  };
}

function progress(deployment) {
  const { status = {}, spec } = deployment;
  return `updated ${status.updatedReplicas ?? 0}, available ${status.availableReplicas ?? 0} of ${spec.replicas}, in all ${status.replicas ?? 0}`;
}

function finished({ metadata, spec, status = {} }) {
  return (
    status.observedGeneration >= metadata.generation &&
    (status.updatedReplicas ?? 0) === spec.replicas &&
    (status.replicas ?? 0) === spec.replicas &&
    (status.availableReplicas ?? 0) === spec.replicas
  );
}

/** Why pods of the Deployment do not come up, as their containers say. */
async function troubles(call, deployment) {
  const selector = Object.entries(deployment.spec.selector.matchLabels).map(([key, value]) => `${key}=${value}`).join(',');
  const pods = await call('List the pods', 'GET', `/api/v1/namespaces/${env.NAMESPACE}/pods?labelSelector=${encode(selector)}`);
  return pods.items.flatMap((pod) =>
    (pod.status.containerStatuses ?? [])
      .filter((container) => container.state?.waiting)
      .map(({ state }) => `${pod.metadata.name}: ${state.waiting.reason}: ${state.waiting.message ?? ''}`),
  );
}

async function rollout(call, path) {
  const deadline = Date.now() + rolloutTimeoutMs;
  let last = '';
  for (;;) {
    const deployment = await call('Read the Deployment', 'GET', path);
    const now = progress(deployment);
    if (now !== last) say(`Rollout: ${now}`);
    last = now;
    const observed = (deployment.status?.observedGeneration ?? 0) >= deployment.metadata.generation;
    if (finished(deployment)) return;
    const stuck = (deployment.status?.conditions ?? []).find(
      (condition) => condition.type === 'Progressing' && condition.reason === 'ProgressDeadlineExceeded',
    );
    if ((observed && stuck) || Date.now() > deadline) {
      for (const trouble of await troubles(call, deployment)) say(`Pod ${trouble}`);
      throw new Refusal(`The rollout did not complete: ${stuck?.message ?? `not within ${rolloutTimeoutMs / 1000} seconds`}`);
    }
    await sleep(500);
  }
}

// ---- The deployment ----------------------------------------------------------------------------------------------------

/** What a reader has to know when the script is stopped from outside. */
let left = 'Nothing was changed in the cluster.';

async function main() {
  const missing = required.filter((name) => !env[name]);
  if (missing.length > 0) throw new Refusal(`Parameters without a value: ${missing.join(', ')}`);
  if (!/^sha256:[0-9a-f]{64}$/.test(env.DIGEST)) throw new Refusal(`DIGEST is no image digest: ${env.DIGEST}`);
  const share = shareOf(env.CANARY_SHARE, Refusal);
  say(`${share ? `Bring up a canary of ${share} % of` : 'Deploy'} ${env.SERVICE} ${env.VERSION} (${env.DIGEST}) to ${env.CLUSTER} in ${env.REGION}`);

  const credentials = await redeem();
  say(`Ticket redeemed: session ${credentials.AccessKeyId}, valid until ${credentials.Expiration}`);

  const cluster = await describeCluster(credentials);
  say(`Cluster ${cluster.arn} is ACTIVE, Kubernetes ${cluster.version}`);

  const call = kubernetes(cluster, credentials);
  const path = `/apis/apps/v1/namespaces/${env.NAMESPACE}/deployments/${env.SERVICE}`;
  const before = await call('Read the Deployment', 'GET', path);
  const container = before.spec.template.spec.containers.find(({ name }) => name === env.SERVICE);
  if (!container) throw new Refusal(`Deployment ${env.SERVICE} has no container named ${env.SERVICE}`);
  say(`Running now: ${container.image}`);

  const account = cluster.arn.split(':')[4];
  const image = `${account}.dkr.ecr.${env.REGION}.amazonaws.com/shop/${env.SERVICE}@${env.DIGEST}`;
  const job = { call, say, Refusal, rollout, sleep, leaves: (words) => (left = words), image, path, deadlineMs: rolloutTimeoutMs };
  if (share) {
    await bringUp(job, before, share);
    return;
  }
  const patch = {
    metadata: { annotations: { [annotation]: env.PORTOLAN_RUN_ID } },
    spec: { template: { spec: { containers: [{ name: env.SERVICE, image }] } } },
  };
  await call('Set the image', 'PATCH', path, patch, 'application/strategic-merge-patch+json');
  left = 'The image was already set: the cluster goes on rolling it out.';
  say(container.image === image ? `Image is ${image} already` : `Image set to ${image}`);

  await rollout(call, path);
  say(`Done: every pod of ${env.SERVICE} runs ${env.VERSION}`);
  await takeAway(job);
}

process.on('SIGTERM', () => {
  say(`Stopped. ${left}`);
  process.exit(143);
});

try {
  await main();
} catch (error) {
  say(error instanceof Refusal ? `ERROR: ${error.message}` : `ERROR: ${error.stack}`);
  process.exitCode = 1;
}
