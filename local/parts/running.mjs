// Whether a stack already runs in a folder: two on the same data would fight.

import fs from 'node:fs';
import path from 'node:path';
import { readJson, writeWhole } from './files.mjs';
import { Advice } from './log.mjs';

const file = (folder) => path.join(folder, 'up.pid');

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** The id of the process that runs the stack of this folder, if one does. */
export function runningStack(folder) {
  let text;
  try {
    text = fs.readFileSync(file(folder), 'utf8');
  } catch {
    return undefined;
  }
  const [pid, started] = text.trim().split(' ');
  return alive(Number(pid)) && startOf(pid) === (started ?? '') ? Number(pid) : undefined;
}

/** When a process began, as the system counts: tells a process from a later one that got the same id. Empty where unknown. */
function startOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[19];
  } catch {
    return '';
  }
}

/** Takes the folder for this process, or says who has it. Answers how to give it back. */
export function claim(folder) {
  const other = runningStack(folder);
  if (other) {
    const { portal } = readJson(path.join(folder, 'stack.json'), {});
    throw new Advice(`the stack already runs (process ${other}${portal ? `, ${portal}` : ''}); stop it with Ctrl-C in its terminal or \`make stop\``);
  }
  writeWhole(file(folder), `${process.pid} ${startOf(process.pid)}\n`);
  return () => fs.rmSync(file(folder), { force: true });
}
