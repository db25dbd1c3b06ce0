// What was measured, beside what it should be: printed line by line as it comes, and written as JSON at the end.

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { root, writeWhole } from '../parts/files.mjs';
import { bold, dim, green, red, say, yellow } from '../parts/log.mjs';
import { loadNow, machine } from './machine.mjs';

const WIDTHS = [46, 22, 30];
const cut = (text, width) => (text.length >= width ? `${text} ` : text.padEnd(width));

export class Report {
  rows = [];
  failed = [];
  facts = {};

  constructor(options) {
    this.options = options;
    this.machine = machine();
    this.began = new Date();
  }

  heading(text) {
    say();
    say(`${bold(cut(text, WIDTHS[0]))}${dim(`${cut('goal', WIDTHS[1])}${cut('result', WIDTHS[2])}`)}`);
  }

  /**
   * One line: `goal` and `result` in words, `met` true, false or undefined where there is no goal, `ratio` to Backstage in words,
   * `detail` in words, and `values` for the JSON. `load` is the load average before it.
   */
  add({ what, goal = '', result, met, ratio, detail, load = loadNow(), values }) {
    this.rows.push({ what, goal, result, met, ratio, detail, load, values });
    const mark = met === undefined ? ' ' : met ? green('✓') : red('✗');
    say(`${mark} ${cut(what, WIDTHS[0] - 2)}${cut(goal, WIDTHS[1])}${cut(result, WIDTHS[2])}${ratio ? yellow(ratio) : ''}`);
    say(dim(`    ${[detail, `load before ${load.toFixed(1)}`].filter(Boolean).join('; ')}`));
  }

  /** Runs one measurement; what goes wrong in it becomes a line, and an exit code at the end. */
  async measure(what, work) {
    const load = loadNow();
    try {
      return await work(load);
    } catch (error) {
      this.failed.push({ what, why: error.message });
      say(`${red('!')} ${cut(what, WIDTHS[0] - 2)}${red(`not measured: ${error.message.split('\n')[0]}`)}`);
      return undefined;
    }
  }

  /** Writes everything to `file`; answers the exit code. A goal that is missed is a result, not a failure. */
  finish(file) {
    const met = this.rows.filter((row) => row.met === true).length;
    const missed = this.rows.filter((row) => row.met === false);
    writeWhole(file, `${JSON.stringify({
      began: this.began.toISOString(), commit: commit(), options: this.options, machine: this.machine, facts: this.facts, rows: this.rows, not_measured: this.failed,
    }, null, 2)}\n`, 0o644);
    say();
    say(`${met} goals met, ${missed.length} missed, ${this.failed.length} measurements failed; all of it in ${path.relative(root, file)}`);
    for (const row of missed) say(`  ${red('missed')} ${row.what}: ${row.result}, goal ${row.goal}`);
    for (const { what, why } of this.failed) say(`  ${red('failed')} ${what}: ${why}`);
    return this.failed.length > 0 ? 1 : 0;
  }
}

/** The commit that was measured, with a mark when files differ from it. */
function commit() {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}

export const number = (value, digits = 0) => value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const ms = (value) => `${number(value, value < 10 ? 1 : 0)} ms`;
export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
/** The value that a share of all does not exceed. */
export const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)];
