// Schemathesis against the running portal: every operation of the OpenAPI description, right and wrong.

import path from 'node:path';
import { readJson, root } from '../parts/files.mjs';
import { python } from './tools.mjs';

const CASES = process.env.PORTOLAN_SCHEMATHESIS_CASES ?? '40';

export async function schemathesis(rig) {
  const bin = await python(rig, path.join(root, 'local/test/requirements/schemathesis.txt'));
  const { addresses, folder } = await rig.stack();
  const tokens = readJson(path.join(folder, 'tokens.json'));
  // As the one who may most, so that answers beyond 403 are seen; and as one who may little.
  for (const login of ['administrator', 'developer']) {
    rig.note(`as ${login}`);
    await rig.run(path.join(bin, 'schemathesis'), [
      '--no-color', 'run', `${addresses.portal}/api/v1/openapi.json`,
      '--header', `Authorization: Bearer ${tokens[login]}`,
      '--checks', 'all', '--max-examples', CASES, '--seed', '1', '--generation-database', 'none',
      '--request-timeout', '20',
      // The streams do not end by themselves.
      '--exclude-path-regex', '/events$',
    ], { cwd: rig.folder });
  }
}
