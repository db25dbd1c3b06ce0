// Runs everything that must pass, stage by stage:  node local/test.mjs [stage,stage… | list]
//
// A stage passes, fails, or is skipped with a reason; PORTOLAN_SKIPS=fail makes a skip a failure, as CI wants it.

import fs from 'node:fs';
import path from 'node:path';
import { bold, dim, fail, green, red, say, seconds, yellow } from './parts/log.mjs';
import { tail } from './parts/children.mjs';
import { root } from './parts/files.mjs';
import { failures } from './test/failures.mjs';
import { Rig } from './test/rig.mjs';
import { Skip } from './test/skip.mjs';
import { stages } from './test/stages.mjs';

const logs = path.join(root, '.local/test-logs');
const SHOWN_LINES = 80;

const wanted = process.argv[2];
if (wanted === 'list') {
  for (const { name, about } of stages) say(`  ${name.padEnd(14)} ${about}`);
  process.exit(0);
}
const names = wanted?.split(',').filter(Boolean) ?? stages.map(({ name }) => name);
const unknown = names.filter((name) => !stages.some((one) => one.name === name));
if (unknown.length > 0) process.exit(fail(`there is no stage ${unknown.join(', ')}; \`make test ONLY=list\` names them`));

fs.mkdirSync(logs, { recursive: true });
const results = [];
const rig = new Rig(logs);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, async () => {
    await rig.clear();
    process.exit(130);
  });
}

for (const stage of stages.filter(({ name }) => names.includes(name))) {
  const began = performance.now();
  process.stdout.write(`${bold(stage.name.padEnd(14))} ${dim(stage.about)}\n`);
  rig.begin(stage.name);
  try {
    await stage.run(rig);
    results.push({ stage, outcome: 'passed' });
    say(`${''.padEnd(14)} ${green('passed')} ${dim(seconds(began))}`);
  } catch (error) {
    if (error instanceof Skip) {
      results.push({ stage, outcome: 'skipped', why: error.message });
      say(`${''.padEnd(14)} ${yellow('skipped')}: ${error.message}`);
    } else {
      rig.failed.add(stage.name);
      rig.note(error.stack ?? String(error));
      const { names, blocks } = failures(rig.log);
      results.push({ stage, outcome: 'failed', why: error.message.split('\n')[0], names });
      say(tail(rig.log, SHOWN_LINES));
      for (const block of blocks) say(block);
      say(`${''.padEnd(14)} ${red('failed')} ${dim(`${seconds(began)}; all of it in ${path.relative(root, rig.log)}`)}`);
    }
  }
}
await rig.clear();

const count = (outcome) => results.filter((one) => one.outcome === outcome).length;
const skipsFail = process.env.PORTOLAN_SKIPS === 'fail';
say();
for (const { stage, outcome, why, names = [] } of results.filter((one) => one.outcome !== 'passed')) {
  say(`${outcome === 'failed' ? red('failed ') : yellow('skipped')} ${stage.name}: ${why}`);
  for (const test of names) say(`        ${test}`);
}
if (skipsFail && count('skipped') > 0) say('Here a skip counts as a failure (PORTOLAN_SKIPS=fail).');
say(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
process.exit(count('failed') > 0 || (skipsFail && count('skipped') > 0) ? 1 : 0);
