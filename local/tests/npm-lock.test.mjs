import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { readJson, root } from '../parts/files.mjs';
import { lockProblems } from '../test/npm-lock.mjs';

const manifest = () => readJson(path.join(root, 'package.json'));
const lock = () => readJson(path.join(root, 'package-lock.json'));

test('the lock file of this checkout is good', () => assert.deepEqual(lockProblems(manifest(), lock()), []));

test('a download address, a missing package and a loose version are found', () => {
  const [addressed, incomplete, loose] = [lock(), lock(), manifest()];
  addressed.packages['node_modules/pg'].resolved = 'https://registry.example/pg.tgz';
  delete incomplete.packages['node_modules/pg-protocol'];
  loose.devDependencies.pg = '^8.0.0';
  assert.match(lockProblems(manifest(), addressed).join(), /node_modules\/pg names a download address/);
  assert.match(lockProblems(manifest(), incomplete).join(), /pg-protocol, asked for by node_modules\/pg, is not in the lock file/);
  assert.match(lockProblems(loose, lock()).join(), /pg is \^8\.0\.0; versions are exact here/);
});
