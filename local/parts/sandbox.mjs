// The stand-in world (AWS in two regions, Jenkins, Kubernetes): crate portolan-sandbox.

import { binary } from './binaries.mjs';
import { until } from './children.mjs';
import { HOST } from './ports.mjs';

export async function startSandbox({ children, port, kubernetesPort }) {
  const url = `http://${HOST}:${port}`;
  const args = ['--listen', `${HOST}:${port}`, '--kubernetes-listen', `${HOST}:${kubernetesPort}`];
  await children.start('sandbox', binary('portolan-sandbox'), args, {
    env: { ...process.env, RUST_LOG: process.env.RUST_LOG ?? 'info' },
    ready: () => until('the sandbox', async () => (await fetch(`${url}/_world/state`)).ok),
  });
  return { url, kubernetes: `https://${HOST}:${kubernetesPort}` };
}
