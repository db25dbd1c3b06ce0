import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedBlocks, failedTests } from '../test/failures.mjs';

const RUST = `running 3 tests
test runs::a ... ok
test runs::b ... FAILED
test c ... FAILED

failures:

---- runs::b stdout ----

thread 'runs::b' panicked at server/tests/it/runs.rs:3:5:
assertion failed: left == right
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/library/std/src/panicking.rs:689:5
---- c stdout ----
${Array.from({ length: 40 }, (_, at) => `line ${at}`).join('\n')}

failures:
    c
    runs::b

test result: FAILED. 1 passed; 2 failed; 0 ignored
`;

const NODE = `▶ harness
  ✔ works (1.2ms)
✖ windows come again and again, by forms (12345.678ms)
ℹ fail 1

✖ failing tests:

test at frontend/end2end/calendar.test.mjs:106:1
✖ windows come again and again, by forms (12345.678ms)
  locator.fill: Timeout 15000ms exceeded.
`;

test('the failed tests of both runners are named once each', () => {
  assert.deepEqual(failedTests(RUST), ['runs::b', 'c']);
  assert.deepEqual(failedTests(NODE), ['windows come again and again, by forms']);
  assert.deepEqual(failedTests('test a ... ok\n✔ fine (1ms)\n'), []);
});

test('what a failed Rust test printed is shown by its end', () => {
  const [first, second, ...rest] = failedBlocks(RUST);
  assert.equal(rest.length, 0);
  assert.match(first, /^---- runs::b stdout ----\nthread 'runs::b' panicked/);
  assert.match(first, /left == right$/);
  assert.match(second, /\(15 lines before\)\nline 15\n/);
  assert.match(second, /line 39$/);
});
