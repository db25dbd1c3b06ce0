// The release build, and a copy of it that stays as it is while it is measured, whatever is built meanwhile.

import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { target } from '../parts/binaries.mjs';
import { root } from '../parts/files.mjs';
import { Advice } from '../parts/log.mjs';

const PROGRAMS = ['portolan', 'portolan-sandbox'];
const SITE = path.join(root, 'target/site');

/** What `make release` does, without its set-up. */
export function buildRelease() {
  for (const args of [['leptos', 'build', '--release', '--precompress'], ['build', '--release', '--locked', '--package', 'portolan-sandbox']]) {
    const { status, error } = spawnSync('cargo', args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw new Advice(`cargo ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
  }
}

/** Copies programs and browser files of the release build to `folder`; answers the variables by which the portal finds the latter. */
export function freezeRelease(folder) {
  const from = path.join(target, 'release');
  for (const name of PROGRAMS) {
    if (!fs.existsSync(path.join(from, name))) throw new Advice(`there is no release build of ${name} in ${from}; leave out --no-build`);
  }
  // The pages name the browser's files by the hashes beside the program. A development build leaves the folder with others.
  const hashes = path.join(from, 'hash.txt');
  if (fs.existsSync(hashes)) {
    for (const [, kind, hash] of fs.readFileSync(hashes, 'utf8').matchAll(/^\s*(css|js|wasm): *(\S+)/gm)) {
      const file = path.join(SITE, 'pkg', `portolan.${hash}.${kind}`);
      if (!fs.existsSync(file)) throw new Advice(`${file} of the release build is gone (a development build since?); leave out --no-build`);
    }
  }
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const name of [...PROGRAMS, 'hash.txt']) if (fs.existsSync(path.join(from, name))) fs.copyFileSync(path.join(from, name), path.join(folder, name));
  fs.cpSync(SITE, path.join(folder, 'site'), { recursive: true });
  return { LEPTOS_SITE_ROOT: path.join(folder, 'site'), LEPTOS_ENV: 'PROD' };
}

/** Size of the portal's program, MB. */
export const programSize = (folder) => fs.statSync(path.join(folder, 'portolan')).size / 1e6;
