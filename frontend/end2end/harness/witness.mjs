// What the pages showed when a journey failed: an error that says only what was not found is half a report.

import fs from 'node:fs';
import path from 'node:path';
import { afterEach } from 'node:test';
import { root } from '../../../local/parts/files.mjs';

const shots = path.join(root, '.local/test-shots');
const SHOWN_CHARACTERS = 1_500;
const contexts = new Set();

/** Remembers a browser context until it is closed. */
export function witness(context) {
  contexts.add(context);
  context.once('close', () => contexts.delete(context));
}

afterEach(async (test) => {
  if (test.passed === false) {
    let count = 0;
    for (const page of [...contexts].flatMap((context) => context.pages())) {
      count += 1;
      const file = path.join(shots, `failed-${test.name.replace(/[^a-z0-9]+/gi, '-').slice(0, 60)}-${count}.png`);
      fs.mkdirSync(shots, { recursive: true });
      // The page may be on its way out: then what is left of it is said.
      const text = await page.locator('body').innerText({ timeout: 2_000 }).catch((error) => `(no text: ${error.message.split('\n')[0]})`);
      await page.screenshot({ path: file, fullPage: true, timeout: 5_000 }).catch(() => {});
      process.stderr.write(`when “${test.name}” failed, ${page.url()} showed (${path.relative(root, file)}):\n${text.slice(0, SHOWN_CHARACTERS)}\n`);
    }
  }
  // What a failed test left open would be shown again by the next one that fails.
  for (const context of contexts) await context.close().catch(() => {});
  contexts.clear();
});
