// A real Chromium, driven by playwright-core. One browser a test file; a context of its own for each person.

import { chromium } from 'playwright-core';
import { trap } from './trap.mjs';
import { witness } from './witness.mjs';

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };

const flags = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  // No calls home: a browser that looks for updates is a browser that waits for the network.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the browser that CHROMIUM names; `make test` sets it. */
export async function launch() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  // Chromium's own sandbox does not work as root, where CI runs.
  return chromium.launch({ executablePath, headless: true, chromiumSandbox: process.getuid?.() !== 0, args: flags });
}

/**
 * A context and a page in it, with everything that goes wrong in it collected in `trouble`.
 *
 * `scripts: false` turns JavaScript, and so WASM, off; `theme` is what the system says it prefers.
 */
export async function open(browser, { scripts = true, theme = 'light', viewport = WIDE, baseURL, ...more } = {}) {
  const context = await browser.newContext({ javaScriptEnabled: scripts, colorScheme: theme, viewport, baseURL, reducedMotion: 'reduce', ...more });
  context.setDefaultTimeout(15_000);
  witness(context);
  const trouble = trap(context);
  // With JavaScript off, Chromium refuses to load what a page preloads for its islands, and calls that `csp`.
  if (!scripts) trouble.expect(/\/pkg\/[\w.-]+\.js csp$/);
  const page = await context.newPage();
  return { context, page, trouble, close: () => context.close() };
}
