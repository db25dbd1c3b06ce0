// The stages of `make test`, in order: the quick ones first.

import fs from 'node:fs';
import path from 'node:path';
import { readJson, root } from '../parts/files.mjs';
import { lockProblems } from './npm-lock.mjs';
import { schemathesis } from './schemathesis.mjs';
import { Skip } from './skip.mjs';
import { chromium, python, terraform } from './tools.mjs';

const testFiles = (folder) => {
  const all = fs.existsSync(path.join(root, folder)) ? fs.readdirSync(path.join(root, folder), { recursive: true }) : [];
  return all.filter((name) => name.endsWith('.test.mjs')).map((name) => path.join(folder, name)).sort();
};
const nodeTest = (...files) => ['--test', '--test-reporter=spec', ...files];
const WASM = ['--package', 'portolan-frontend', '--target', 'wasm32-unknown-unknown', '--features', 'hydrate'];

export const stages = [
  {
    name: 'fmt',
    about: 'the code is formatted',
    run: (rig) => rig.run('cargo', ['fmt', '--all', '--check']),
  },
  {
    name: 'npm-lock',
    about: 'the npm lock file is complete and names no download address',
    run: async (rig) => {
      const problems = lockProblems(readJson(path.join(root, 'package.json')), readJson(path.join(root, 'package-lock.json')));
      for (const problem of problems) rig.note(problem);
      if (problems.length > 0) throw new Error(problems[0]);
    },
  },
  {
    name: 'deny',
    about: 'licences, bans and sources of the crates',
    run: async (rig) => {
      const checks = ['bans', 'licenses', 'sources'];
      // The advisory database is a git repository; it is used where someone put it, and never fetched here.
      const database = path.join(process.env.CARGO_HOME ?? path.join(process.env.HOME ?? '', '.cargo'), 'advisory-dbs');
      if (fs.existsSync(database)) checks.push('advisories');
      else rig.note('no advisory database at hand: advisories are not checked');
      await rig.run('cargo', ['deny', '--locked', ...(checks.includes('advisories') ? ['--offline'] : []), 'check', ...checks]);
    },
  },
  {
    name: 'local',
    about: 'the local stack: Postgres, identity provider, ports, processes',
    run: (rig) => rig.run(process.execPath, nodeTest(...testFiles('local/tests'))),
  },
  {
    name: 'clippy',
    about: 'lints of the server and its tests',
    run: (rig) => rig.run('cargo', ['clippy', '--locked', '--all-targets', '--', '--deny', 'warnings']),
  },
  {
    name: 'clippy-wasm',
    about: 'lints of what ships to the browser',
    run: (rig) => rig.run('cargo', ['clippy', '--locked', ...WASM, '--', '--deny', 'warnings']),
  },
  {
    name: 'rust',
    about: 'all Rust tests, on a Postgres of their own',
    run: async (rig) => {
      const { databaseOwner } = await rig.database();
      // Also of the islands, which are no default member.
      await rig.run('cargo', ['test', '--locked', '--no-fail-fast', '--workspace'], { env: { DATABASE_URL: databaseOwner } });
    },
  },
  {
    name: 'explained',
    about: 'what explain says is what happens, a hundred thousand times',
    run: async (rig) => {
      const { databaseOwner } = await rig.database();
      const env = { DATABASE_URL: databaseOwner, PORTOLAN_CASES: process.env.PORTOLAN_CASES ?? '100000' };
      await rig.run('cargo', ['test', '--locked', '--package', 'portolan-control', '--test', 'it', '--', 'explained::', '--nocapture'], { env });
      if (!fs.readFileSync(rig.log, 'utf8').includes('2 passed')) throw new Error('the tests were not run');
    },
  },
  {
    name: 'killed',
    about: 'runs go on though Postgres is killed under them, at every point of every kind of step',
    run: async (rig) => {
      const { databaseOwner, kill } = await rig.crashable();
      const test = ['--exact', '--ignored', 'runs::matrix::the_database_is_killed'];
      await rig.run('cargo', ['test', '--locked', '--package', 'portolan-control', '--test', 'it', '--', ...test], { env: { DATABASE_URL: databaseOwner, PORTOLAN_KILL: kill } });
      // A name that is no test's would pass as well.
      if (!fs.readFileSync(rig.log, 'utf8').includes('1 passed')) throw new Error('the test was not run');
    },
  },
  {
    name: 'build',
    about: 'the portal with its pages, and the sandbox world',
    run: async (rig) => {
      await rig.run('cargo', ['leptos', 'build']);
      await rig.run('cargo', ['build', '--locked', '--package', 'portolan-sandbox']);
    },
  },
  {
    name: 'boto3',
    about: 'the sandbox answers AWS’s own Python client',
    run: async (rig) => {
      rig.needs('build');
      const folder = path.join(root, 'server/sandbox/tests');
      const script = path.join(folder, 'conformance.py');
      if (!fs.existsSync(script)) throw new Skip('server/sandbox/tests/conformance.py is not written yet');
      const bin = await python(rig, path.join(folder, 'requirements.txt'));
      // It starts the sandbox itself, in the world that it knows.
      await rig.run(path.join(bin, 'python'), [script]);
    },
  },
  {
    name: 'stack',
    about: 'the whole local stack starts, is seeded, and starts again with its data',
    run: async (rig) => {
      rig.needs('build');
      const { addresses, seeded } = await rig.stack();
      rig.note(JSON.stringify(seeded, null, 2));
      await rig.run(process.execPath, nodeTest(...testFiles('local/stack-tests')), { env: { PORTOLAN_PORTAL: addresses.portal, PORTOLAN_FOLDER: path.join(rig.folder, 'stack') } });
    },
  },
  {
    name: 'schemathesis',
    about: 'the REST API keeps to its OpenAPI description',
    run: async (rig) => {
      rig.needs('build');
      rig.needs('stack');
      await schemathesis(rig);
    },
  },
  {
    name: 'journeys',
    about: 'people at work in a real browser',
    run: async (rig) => {
      rig.needs('build');
      rig.needs('stack');
      const browser = await chromium(rig);
      const { folder, crashes } = await rig.stack();
      const files = testFiles('frontend/end2end');
      await rig.run(process.execPath, ['--test-concurrency=1', ...nodeTest(...files)], { env: { CHROMIUM: browser, PORTOLAN_FOLDER: folder } });
      if (crashes.length > 0) throw new Error(crashes[0]);
    },
  },
  {
    name: 'terraform',
    about: 'the Terraform modules are valid and pass their tests',
    run: async (rig) => {
      const script = path.join(root, 'terraform/check.sh');
      if (!fs.existsSync(script)) throw new Skip('terraform/check.sh is not written yet');
      const command = terraform();
      const bin = await python(rig, path.join(root, 'terraform/requirements.txt'));
      try {
        await rig.run('bash', [script], { env: { PORTOLAN_TERRAFORM: command, PORTOLAN_PYTHON: path.join(bin, 'python') } });
      } catch (error) {
        // 3: nothing failed, but something could not be checked; the script says what.
        if (!error.message.endsWith('ended with 3')) throw error;
        const said = fs.readFileSync(rig.log, 'utf8').split('\n').filter((line) => line.startsWith('skipped: '));
        throw new Skip(said.map((line) => line.slice('skipped: '.length)).join('; ') || 'terraform/check.sh skipped something');
      }
    },
  },
];
