// Runs: the engine itself, without pages, in a program of its own over a database of its own.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { root } from '../parts/files.mjs';
import { ms, number } from './report.mjs';

const share = (cores) => `${number(cores * 100, 1)} % of a core`;

/** `owner` is the address of the bench's Postgres; the program makes and drops its own databases there. */
export const runs = (report, { owner, quick }) => report.measure('runs', async () => {
  report.heading('runs');
  const env = { ...process.env, DATABASE_URL: owner, ...(quick ? { RUNS: '200', FINISHED: '100000' } : {}) };
  const program = ['run', '--release', '--quiet', '-p', 'portolan-control', '--example', 'runs_speed'];
  const { stdout } = await promisify(execFile)('cargo', program, { cwd: root, env, maxBuffer: 1 << 24 });
  const { step_to_step: step, waiting, claims: [few, many], recovery } = JSON.parse(stdout.trim().split('\n').at(-1));
  report.add({
    what: `${number(step.runs)} runs at once: step to step, p99`, goal: '< 250 ms', result: ms(step.gap.p99_ms), met: step.gap.p99_ms < 250 && step.succeeded === step.runs,
    detail: `p50 ${ms(step.gap.p50_ms)}, at most ${ms(step.gap.max_ms)}; ${number(step.at_once)} steps under way at once, ${number(step.gap.n)} gaps in ${number(step.took_s, 1)} s, the stand-in world on the same cores`, values: step,
  });
  report.add({
    what: `${number(waiting.waiting)} waiting changes: what an idle worker costs`, goal: '≤ 5 % of a core', result: share(waiting.worker_share_of_a_core), met: waiting.worker_share_of_a_core <= 0.05,
    detail: `the database besides: ${share(waiting.database_share_of_a_core)}`, values: waiting,
  });
  const times = many.claim.p50_ms / few.claim.p50_ms;
  report.add({
    what: `the claim of a due step beside ${number(many.finished_runs)} finished runs`, goal: 'as with 10,000', result: `${number(many.claim.p50_ms, 2)} ms`, met: times < 1.5,
    detail: `p99 ${number(many.claim.p99_ms, 2)} ms; with ${number(few.finished_runs)} ${number(few.claim.p50_ms, 2)} ms; plan: ${many.plan.filter((line) => / Scan /.test(line)).map((line) => line.trim().replace(/ +\(.*/, '')).join(', ')}`, values: { few, many },
  });
  report.add({
    what: 'after kill -9: until the next attempt, p99', goal: '≤ 20 s', result: ms(recovery.until_the_next_attempt.p99_ms), met: recovery.until_the_next_attempt.p99_ms <= 20_000,
    detail: `${number(recovery.steps)} steps held, lease ${recovery.lease_s} s`, values: recovery,
  });
});
