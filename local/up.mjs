// Starts the local stack and stays until it is told to stop.
//
//   node local/up.mjs                    in the foreground, Ctrl-C ends it
//   node local/up.mjs --detach           in the background; returns when it is ready
//   node local/up.mjs --stop             ends one that runs in the background
//   node local/up.mjs --folder DIR       data, logs and addresses there (default .local)
//   node local/up.mjs --anywhere         free ports for every part, whatever is usual
//   node local/up.mjs --catalogue DIR    another catalogue; --no-seed: none at all

import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { people, PASSWORD, ONE_TIME_CODE } from './idp/people.mjs';
import { tail, until } from './parts/children.mjs';
import { readJson, root } from './parts/files.mjs';
import { Advice, bold, dim, fail, green, say, seconds, warn } from './parts/log.mjs';
import { claim, runningStack } from './parts/running.mjs';
import { startStack } from './stack.mjs';

const { values: options } = parseArgs({
  options: {
    folder: { type: 'string', default: path.join(root, '.local') },
    detach: { type: 'boolean', default: false },
    stop: { type: 'boolean', default: false },
    anywhere: { type: 'boolean', default: false },
    catalogue: { type: 'string' },
    'no-seed': { type: 'boolean', default: false },
    orphan: { type: 'boolean', default: false }, // set by --detach for the process it leaves behind
  },
});
const folder = path.resolve(options.folder);

try {
  if (options.stop) await stop();
  else if (options.detach) await detach();
  else await foreground();
} catch (error) {
  process.exit(fail(error));
}

async function foreground() {
  const began = performance.now();
  fs.mkdirSync(folder, { recursive: true });
  const release = claim(folder);
  let children;
  let leaving;
  const leave = (code) => {
    leaving ??= (async () => {
      await children?.stopAll();
      release();
      process.exit(code);
    })();
    return leaving;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (!leaving) say(dim('stopping …'));
      leave(0);
    });
  }
  const parent = process.ppid;
  if (!options.orphan) {
    // Who started this is gone without a word (make, or a shell, killed): nobody could press Ctrl-C any more.
    setInterval(() => process.ppid !== parent && leave(1), 500).unref();
  }
  let stack;
  try {
    stack = await startStack({
      folder,
      port: process.env.PORT ? Number(process.env.PORT) : undefined,
      anywhere: options.anywhere,
      seed: !options['no-seed'],
      catalogue: options.catalogue,
      progress: (text) => (/taken/.test(text) ? warn(text) : say(dim(`  ${text}`))),
      onChildren: (all) => { children = all; },
      onCrash: (name, message) => {
        fail(new Advice(message));
        leave(1);
      },
    });
  } catch (error) {
    if (leaving) return leaving; // it failed because it was told to stop
    release();
    throw error;
  }
  if (!leaving) welcome(stack, began);
  return leaving;
}

function welcome({ addresses, seeded }, began) {
  say();
  say(`${green('Portolan is ready')} ${dim(`(${seconds(began)})`)}`);
  say(`  portal             ${bold(addresses.portal)}`);
  say(`  identity provider  ${addresses.idp}`);
  say(`  sandbox world      ${addresses.sandbox} ${dim('(faults, clock, state under /_world)')}`);
  if (seeded) say(dim(`  ${seeded.releases.services} services, ${seeded.releases.releases} releases; tokens in ${path.relative(process.cwd(), path.join(folder, 'tokens.json'))}`));
  say();
  say(`Sign in as one of these; the password is ${bold(PASSWORD)}, the one-time code ${bold(ONE_TIME_CODE)}:`);
  for (const { login, does } of people) say(`  ${login.padEnd(18)} ${dim(does)}`);
  say();
  say(dim(`Logs of each part lie in ${path.relative(process.cwd(), path.join(folder, 'logs'))}/. Ctrl-C stops everything.`));
}

async function detach() {
  if (runningStack(folder)) claim(folder); // says who runs it
  fs.mkdirSync(path.join(folder, 'logs'), { recursive: true });
  const log = path.join(folder, 'logs/up.log');
  const fd = fs.openSync(log, 'w', 0o600);
  const args = process.argv.slice(2).filter((one) => one !== '--detach');
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args, '--orphan'], { detached: true, stdio: ['ignore', fd, fd] });
  const ended = new Promise((_, reject) => {
    child.once('exit', () => reject(new Advice(`the stack did not start:\n${tail(log)}`)));
  });
  await Promise.race([until('the stack', () => fs.readFileSync(log, 'utf8').includes('Portolan is ready'), 120_000), ended]);
  child.removeAllListeners('exit');
  child.unref();
  say(`started (process ${child.pid}): ${readJson(path.join(folder, 'stack.json')).portal}; \`node local/up.mjs${options.folder === path.join(root, '.local') ? '' : ` --folder ${options.folder}`} --stop\` ends it`);
  process.exit(0);
}

async function stop() {
  const pid = runningStack(folder);
  if (!pid) {
    say('nothing runs');
    return;
  }
  process.kill(pid, 'SIGTERM');
  await until(`the end of process ${pid}`, () => runningStack(folder) !== pid, 40_000);
  say('stopped');
}
