// Where cargo put what it built.

import fs from 'node:fs';
import path from 'node:path';
import { Advice } from './log.mjs';
import { root } from './files.mjs';

export const target = path.resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');

/** A built program by name; `profile` is `debug` or `release`. PORTOLAN_BINARIES names another folder that holds them. */
export function binary(name, profile = process.env.PORTOLAN_PROFILE ?? 'debug') {
  const file = path.join(process.env.PORTOLAN_BINARIES ?? path.join(target, profile), name);
  if (!fs.existsSync(file)) throw new Advice(`${name} is not built yet; \`make build\` builds it`);
  return file;
}
