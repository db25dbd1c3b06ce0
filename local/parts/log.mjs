// What the start-up scripts say to the person in front of the terminal.

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = (text) => paint(1, text);
export const dim = (text) => paint(2, text);
export const red = (text) => paint(31, text);
export const green = (text) => paint(32, text);
export const yellow = (text) => paint(33, text);

export const say = (text = '') => process.stdout.write(`${text}\n`);
export const warn = (text) => process.stderr.write(`${yellow('note:')} ${text}\n`);

/** An error whose message is meant for people: shown without a stack trace. */
export class Advice extends Error {}

/** Shows an error and returns the exit code that goes with it. */
export function fail(error) {
  const text = error instanceof Advice ? error.message : (error?.stack ?? String(error));
  process.stderr.write(`${red('error:')} ${text}\n`);
  return 1;
}

/** Seconds since a `performance.now()` mark, with one decimal. */
export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
