// Outlives the start-up script by a moment: when that dies, however it dies, this ends what it started.
//
// It reads lines from its standard input, a pipe whose other end only the start-up script holds: `+ PID SIGNAL` for a process
// group that began, `- PID` for one that ended. End of input means that the script is gone, also by `kill -9`.

import readline from 'node:readline';

const groups = new Map();
const patience = 8_000;

// Ctrl-C in a terminal reaches the whole foreground group; the order of leaving is the script's to decide.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const lines = readline.createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [sign, pid, signal] = line.split(' ');
  if (sign === '+') groups.set(Number(pid), signal);
  if (sign === '-') groups.delete(Number(pid));
});

function send(pid, signal) {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false; // gone already
  }
}

lines.on('close', async () => {
  // Last started, first stopped: the portal before its database.
  for (const [pid, signal] of [...groups].reverse()) {
    if (!send(pid, signal)) groups.delete(pid);
  }
  const until = Date.now() + patience;
  while (groups.size > 0 && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const pid of [...groups.keys()]) if (!send(pid, 0)) groups.delete(pid);
  }
  for (const pid of groups.keys()) send(pid, 'SIGKILL');
  process.exit(0);
});
