// Every page in the four ways it is looked at: wide and narrow, light and dark.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../../../local/parts/files.mjs';
import { accessible } from './axe.mjs';
import { NARROW, WIDE } from './browser.mjs';

const shots = path.join(root, '.local/test-shots');

/** A picture of the page in .local/test-shots, for people to look at. */
export async function shoot(page, name) {
  fs.mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
}

/** Fails when the page is wider than its window: nobody should have to scroll sideways on a phone. */
export async function fitsWidth(page) {
  const { content, window } = await page.evaluate(() => ({ content: document.documentElement.scrollWidth, window: document.documentElement.clientWidth }));
  assert.ok(content <= window, `${page.url()} is ${content} px wide in a window of ${window} px`);
}

/** Looks at the page as it is in all four ways: picture, accessibility, width. */
export async function lookAt(page, name, options = {}) {
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    for (const viewport of [WIDE, NARROW]) {
      await page.setViewportSize(viewport);
      await shoot(page, `${name}-${viewport.width}-${theme}`);
      await fitsWidth(page);
      await accessible(page, options);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(WIDE);
}
