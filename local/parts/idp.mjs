// The identity provider of the local stack, as a process of its own (local/idp/).

import path from 'node:path';
import { root } from './files.mjs';
import { until } from './children.mjs';
import { clientSecret } from '../idp/people.mjs';
import { HOST } from './ports.mjs';

export async function startIdp({ children, folder, port, portal }) {
  const issuer = `http://${HOST}:${port}`;
  const main = path.join(root, 'local/idp/main.mjs');
  await children.start('idp', process.execPath, ['--disable-warning=ExperimentalWarning', main, `${port}`, portal, folder], {
    ready: () => until('the identity provider', async () => (await fetch(`${issuer}/healthz`)).ok),
  });
  return { issuer, clientSecret: clientSecret(folder) };
}
