// The whole local stack as one object: started by `up.mjs`, by the tests and by the benchmarks.

import fs from 'node:fs';
import path from 'node:path';
import { Children } from './parts/children.mjs';
import { readJson, writeJson } from './parts/files.mjs';
import { startIdp } from './parts/idp.mjs';
import { migrate, portalEnv, startPortal } from './parts/portal.mjs';
import { choosePorts, HOST } from './parts/ports.mjs';
import { startPostgres } from './parts/postgres.mjs';
import { startSandbox } from './parts/sandbox.mjs';
import { seedCatalogue, seedReleases, seedTokens } from './parts/seed.mjs';

/**
 * Starts everything and answers `{addresses, seeded, moved, children, stop, restartPortal}`.
 *
 * - `folder`: where data, logs, secrets and addresses lie (`.local`, or one of a test's own)
 * - `port`: the portal's, when a person named one; `anywhere`: free ports for all parts, for tests
 * - `durable`: whether the database must survive a power cut
 * - `seed`: tokens, catalogue and releases; `catalogue`: another folder than local/catalog
 * - `progress(text)`: told what happens; `onCrash(name, message)`: a part ended by itself; `onChildren(children)`: can be stopped from here on
 */
export async function startStack({ folder, port, anywhere = false, durable = true, seed = true, catalogue, env: more = {}, progress = () => {}, onCrash, onChildren } = {}) {
  fs.mkdirSync(folder, { recursive: true });
  const portsFile = path.join(folder, 'ports.json');
  const { ports, moved } = await choosePorts({ wanted: port, remembered: readJson(portsFile, {}), anywhere });
  for (const text of moved) progress(text);
  if (!anywhere) writeJson(portsFile, ports);

  const children = new Children({ logs: path.join(folder, 'logs'), onCrash });
  onChildren?.(children);
  const portal = `http://${HOST}:${ports.portal}`;
  try {
    progress('Postgres, identity provider and sandbox world start');
    const [postgres, idp, sandbox] = await allOrFirstError([
      startPostgres({ children, folder, port: ports.postgres, durable }),
      startIdp({ children, folder, port: ports.idp, portal }),
      startSandbox({ children, port: ports.sandbox, kubernetesPort: ports.kubernetes }),
    ]);
    const addresses = {
      portal,
      idp: idp.issuer,
      sandbox: sandbox.url,
      kubernetes: sandbox.kubernetes,
      database: postgres.database,
      database_owner: postgres.databaseOwner,
    };
    writeJson(path.join(folder, 'stack.json'), addresses);
    const env = {
      ...portalEnv({ folder, port: ports.portal, publicUrl: portal, database: postgres.database, databaseOwner: postgres.databaseOwner, idp, sandbox, catalogue }),
      ...more,
    };
    progress('migrations');
    await migrate({ children, env });
    progress('the portal starts');
    await startPortal({ children, env, publicUrl: portal });
    let seeded;
    if (seed) {
      progress('sign-ins, tokens, catalogue, releases');
      seeded = await seedAll({ portal, folder });
    }
    return {
      addresses,
      seeded,
      moved,
      children,
      env,
      stop: () => children.stopAll(),
      restartPortal: async () => {
        await children.stop('portal');
        await startPortal({ children, env, publicUrl: portal });
      },
    };
  } catch (error) {
    await children.stopAll();
    throw error;
  }
}

/** Seeds through the portal's own interfaces; a second time it changes nothing. */
export async function seedAll({ portal, folder }) {
  const { tokens, made } = await seedTokens({ portal, folder });
  const catalogue = await seedCatalogue({ portal, tokens });
  const releases = await seedReleases({ portal, tokens });
  return { tokens: made, catalogue, releases };
}

/** Like Promise.all, but waits for all before it throws, so that nothing is still starting while everything is stopped. */
async function allOrFirstError(promises) {
  const results = await Promise.allSettled(promises);
  const failed = results.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  return results.map((one) => one.value);
}
