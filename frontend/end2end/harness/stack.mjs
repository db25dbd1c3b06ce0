// The stack that the journeys work on: started by `make test`, or a running `make run`.

import path from 'node:path';
import { readJson, root } from '../../../local/parts/files.mjs';

export const folder = path.resolve(process.env.PORTOLAN_FOLDER ?? path.join(root, '.local'));

/** The addresses of its parts. */
export function stack() {
  const addresses = readJson(path.join(folder, 'stack.json'));
  if (!addresses) throw new Error(`${folder} holds no stack.json; start a stack with \`make run\``);
  return addresses;
}

/** The API tokens of its people, by login. */
export const tokens = () => readJson(path.join(folder, 'tokens.json'), {});
