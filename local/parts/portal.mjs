// The portal itself: the real binary with the real configuration, pointed at the parts of this stack by variables.

import path from 'node:path';
import { binary } from './binaries.mjs';
import { root, writeWhole } from './files.mjs';
import { until } from './children.mjs';
import { HOST } from './ports.mjs';

export const CONFIG = path.join(root, 'local/portolan.toml');
const POD_IDENTITY_TOKEN = 'pod-identity-token-portolan';
const JENKINS_TOKEN = 'jenkins-api-token-portolan';

/** Variables of the scripts around the portal. It refuses what is no setting of its own, and these are none. */
const OF_SCRIPTS = ['BINARIES', 'FOLDER', 'PORTAL', 'PROFILE', 'SCHEMATHESIS_CASES', 'PYTHON', 'SKIPS', 'TERRAFORM', 'TERRAFORM_WITHOUT'].map((name) => `PORTOLAN_${name}`);

/** What a person may have in their shell for the real AWS must not reach a portal that talks to the sandbox. */
function inherited(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AWS_') && !OF_SCRIPTS.includes(name)));
}

/** The variables that point the portal at this stack. `__` separates the levels of portolan.toml. */
export function portalEnv({ folder, port, publicUrl, database, databaseOwner, idp, sandbox, catalogue }) {
  const tokenFile = path.join(folder, 'secrets/pod-identity-token');
  writeWhole(tokenFile, POD_IDENTITY_TOKEN);
  const loopback = [process.env.NO_PROXY ?? process.env.no_proxy, '127.0.0.1', 'localhost'].filter(Boolean).join(',');
  return {
    ...inherited(process.env),
    NO_PROXY: loopback,
    no_proxy: loopback,
    RUST_LOG: process.env.RUST_LOG ?? 'info',
    PORTOLAN_LISTEN: `${HOST}:${port}`,
    PORTOLAN_PUBLIC_URL: publicUrl,
    PORTOLAN_DATABASE__URL: database,
    PORTOLAN_DATABASE__OWNER_URL: databaseOwner,
    PORTOLAN_OIDC__ISSUER: idp.issuer,
    PORTOLAN_OIDC__CLIENT_SECRET: idp.clientSecret,
    PORTOLAN_JENKINS__URL: `${sandbox.url}/jenkins`,
    PORTOLAN_JENKINS__TOKEN: JENKINS_TOKEN,
    PORTOLAN_AWS__ENDPOINT: sandbox.url,
    PORTOLAN_CATALOG_FOLDER: catalogue ?? path.join(root, 'local/catalog'),
    // The base identity comes to the portal as on EKS: from the Pod Identity agent, here the sandbox's.
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${sandbox.url}/pod-identity/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    // Set by cargo-leptos when it runs a server itself; the names of the built files depend on them.
    LEPTOS_OUTPUT_NAME: 'portolan',
    LEPTOS_SITE_ROOT: path.join(root, 'target/site'),
    LEPTOS_SITE_PKG_DIR: 'pkg',
    LEPTOS_SITE_ADDR: `${HOST}:${port}`,
    LEPTOS_HASH_FILES: 'true',
    LEPTOS_ENV: 'DEV',
  };
}

/** Runs the migrations as the owner of the schema. */
export async function migrate({ children, env }) {
  await children.run('migrate', binary('portolan'), ['migrate', '--config', CONFIG], { env });
}

/** Starts the portal; it holds no owner's address of the database. */
export async function startPortal({ children, env, publicUrl, name = 'portal', command = 'serve' }) {
  const { PORTOLAN_DATABASE__OWNER_URL: _, ...own } = env;
  await children.start(name, binary('portolan'), [command, '--config', CONFIG], {
    env: own,
    ready: () => until('the portal', async () => (await fetch(`${publicUrl}/readyz`)).ok),
  });
}
