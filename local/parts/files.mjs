// Small files that the stack keeps in its folder: secrets, addresses, tokens.

import fs from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Writes in one step, so that a reader or a crash never sees half a file. Readable by the owner only: most of these hold secrets. */
export function writeWhole(file, text, mode = 0o600) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const half = `${file}.${process.pid}.half`;
  fs.writeFileSync(half, text, { mode });
  fs.renameSync(half, file);
}

export const writeJson = (file, value) => writeWhole(file, `${JSON.stringify(value, null, 2)}\n`);

/** The parsed file, or `otherwise` when there is none. A file that is there but broken is an error, not a default. */
export function readJson(file, otherwise) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return otherwise;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not JSON (${error.message}); delete it to have it made anew`);
  }
}

/** A secret that is made once and kept: the same on every start. */
export function keptSecret(file, make = () => randomBytes(24).toString('base64url')) {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const secret = make();
  writeWhole(file, `${secret}\n`);
  return secret;
}
