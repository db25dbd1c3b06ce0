// Which tests failed, from the log of a stage: a log of thousands of lines ends with whatever came last, not with what went wrong.

import fs from 'node:fs';

/** Most lines that are shown of one failed Rust test: its panic and the end of what it printed. */
const SHOWN_OF_ONE = 25;

/** A frame of a backtrace, which names the runtime fifty times and says nothing that the panic's own line does not. */
const FRAME = /^(stack backtrace:|\s+(\d+: |at ).*)$/;

const NAMES = [
  // libtest, when several binaries run one after the other
  /^test (\S+) \.\.\. FAILED$/,
  // libtest, one that spans lines because the test printed in between
  /^ {4}(\S+::\S+)$/,
  // node's spec reporter; the list of files at the end repeats the names
  /^\s*✖ (?!failing tests:)(.+?)(?: \([\d.]+ms\))?$/,
];

/** The names of the failed tests, each once, in the order of the log. */
export function failedTests(log) {
  const names = new Set();
  for (const line of log.split('\n')) {
    for (const pattern of NAMES) {
      const found = pattern.exec(line.trimEnd());
      if (found) names.add(found[1]);
    }
  }
  return [...names];
}

/** What libtest printed for each failed test: its blocks, each without its backtrace and shortened at its beginning. */
export function failedBlocks(log) {
  const blocks = [];
  const lines = log.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    if (!/^---- \S+ stdout ----$/.test(lines[at])) continue;
    let end = at + 1;
    while (end < lines.length && !/^---- \S+ stdout ----$/.test(lines[end]) && lines[end] !== 'failures:') end += 1;
    const body = lines.slice(at + 1, end).filter((line) => line.trim() !== '' && !FRAME.test(line));
    const left = Math.max(0, body.length - SHOWN_OF_ONE);
    blocks.push([lines[at], ...(left > 0 ? [`(${left} lines before)`] : []), ...body.slice(left)].join('\n'));
    at = end - 1;
  }
  return blocks;
}

/** What is said of a failed stage at the very end, from its log's file. */
export function failures(file) {
  const log = fs.readFileSync(file, 'utf8');
  return { names: failedTests(log), blocks: failedBlocks(log) };
}
