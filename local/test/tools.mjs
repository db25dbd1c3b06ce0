// Programs that a stage needs and that may have to be installed: Chromium, Python environments, Terraform.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { Skip } from './skip.mjs';

const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'portolan');

/** The full path of a program, if it can be started. */
export function which(name) {
  if (name.includes('/')) return fs.existsSync(name) ? path.resolve(name) : undefined;
  return (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, name)).find((file) => {
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return fs.statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

const mayInstall = () => process.getuid?.() === 0 && which('apt-get') !== undefined;

/** Installs packages of the system where we are root on Debian; otherwise skips with the command that does. */
async function systemPackage(rig, what, packages) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!mayInstall()) throw new Skip(`${what} is not installed; on Debian: sudo ${command}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await rig.run('apt-get', ['update'], { env });
  await rig.run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env });
}

const CHROMIUMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser of the journeys: CHROMIUM, or one on PATH, or the system's package. */
export async function chromium(rig) {
  const named = process.env.CHROMIUM;
  if (named) {
    const file = which(named);
    if (!file) throw new Error(`CHROMIUM is ${named}, which is no program`);
    return file;
  }
  const find = () => CHROMIUMS.map(which).find(Boolean);
  if (!find()) await systemPackage(rig, 'Chromium (or set CHROMIUM to a browser)', ['chromium', 'fonts-dejavu-core']);
  const file = find();
  if (!file) throw new Error('the package chromium is installed but no browser is on PATH');
  return file;
}

/** A Python environment with the packages of a requirements file, kept in the cache under its content's name. Answers its bin folder. */
export async function python(rig, requirements) {
  const pythonHere = () => ['python3'].map(which).find((file) => file && spawnSync(file, ['-c', 'import ensurepip, venv']).status === 0);
  if (!pythonHere()) await systemPackage(rig, 'Python 3 with venv', ['python3', 'python3-venv']);
  const file = pythonHere();
  const text = fs.readFileSync(requirements, 'utf8');
  const version = spawnSync(file, ['-c', 'import sys; print(sys.version, sys.prefix)'], { encoding: 'utf8' }).stdout;
  const name = createHash('sha256').update(version).update(text).digest('hex').slice(0, 16);
  const folder = path.join(cache, `python-${name}`);
  const done = path.join(folder, '.complete');
  if (!fs.existsSync(done)) {
    fs.rmSync(folder, { recursive: true, force: true });
    await rig.run(file, ['-m', 'venv', folder]);
    await rig.run(path.join(folder, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', '--requirement', requirements]);
    fs.writeFileSync(done, '');
  }
  return path.join(folder, 'bin');
}

/** The command that runs Terraform: PORTOLAN_TERRAFORM, by default `terraform`. */
export function terraform() {
  const command = process.env.PORTOLAN_TERRAFORM ?? 'terraform';
  const file = which(command);
  if (!file) throw new Skip(`${command} is not on PATH; install Terraform 1.7 or later, or name it in PORTOLAN_TERRAFORM`);
  return file;
}
