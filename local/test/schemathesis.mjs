// Schemathesis against the running portal: every operation of the OpenAPI description, right and wrong.

import path from 'node:path';
import { readJson, root } from '../parts/files.mjs';
import { startStack } from '../stack.mjs';
import { python } from './tools.mjs';

const CASES = process.env.PORTOLAN_SCHEMATHESIS_CASES ?? '40';

// A stranger at full speed, from one address: with the usual limits most answers would be 429.
const env = Object.fromEntries(['WRITES', 'REDEEM', 'FAILED_TOKEN'].map((limit) => [`PORTOLAN_LIMITS__${limit}`, '100000']));

export async function schemathesis(rig) {
  const bin = await python(rig, path.join(root, 'local/test/requirements/schemathesis.txt'));
  // A stack of its own: what is left behind is nothing the other stages should meet.
  const folder = path.join(rig.folder, 'schemathesis');
  const { addresses, stop } = await startStack({ folder, anywhere: true, durable: false, env, progress: (text) => rig.note(text) });
  try {
    await attack(rig, bin, addresses.portal, readJson(path.join(folder, 'tokens.json')));
  } finally {
    await stop();
  }
}

async function attack(rig, bin, portal, tokens) {
  // As one who may little; and last as the one who may most, so that answers beyond 403 are seen: nobody else is left enabled after it.
  for (const login of ['developer', 'administrator']) {
    rig.note(`as ${login}`);
    await rig.run(path.join(bin, 'schemathesis'), [
      '--config-file', path.join(root, 'local/test/schemathesis.toml'), '--no-color', 'run', `${portal}/api/v1/openapi.json`,
      '--header', `Authorization: Bearer ${tokens[login]}`,
      '--checks', 'all', '--max-examples', CASES, '--seed', '1', '--generation-database', 'none',
      '--request-timeout', '20',
      // A stream does not end by itself.
      '--exclude-operation-id', 'follow_change',
    ], { cwd: rig.folder });
  }
}
