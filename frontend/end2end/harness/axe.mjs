// Accessibility of the page as it is now, by axe-core: WCAG 2.2 A and AA and its best practices.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';

const source = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Fails with every violation and the elements it is about. `except` names rules that do not apply, each with a reason at the call. */
export async function accessible(page, { except = [] } = {}) {
  // Through the debugger, since the page's CSP rightly refuses an added script.
  await page.evaluate(source);
  const { violations } = await page.evaluate(
    ([runOnly, off]) => globalThis.axe.run(document, { runOnly, rules: Object.fromEntries(off.map((rule) => [rule, { enabled: false }])) }),
    [tags, except],
  );
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `    ${html}\n      ${failureSummary?.split('\n').slice(1).join('; ')}`).join('\n')}`);
  assert.equal(violations.length, 0, `${page.url()} has accessibility violations:\n${told.join('\n')}`);
}
