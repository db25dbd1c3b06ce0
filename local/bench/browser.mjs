// What a person with an empty browser waits for and loads: rows on the screen, bytes on the wire, scripts that block.

import { chromium } from 'playwright-core';

/** When the first row was in the document and the next picture drawn, ms from the start of the navigation. */
const WATCH = `(() => {
  const seen = () => {
    const row = document.querySelector('main tbody tr');
    if (!row) return false;
    requestAnimationFrame(() => { const done = new MessageChannel(); done.port1.onmessage = () => { window.rowsAt = performance.now(); }; done.port2.postMessage(0); });
    return true;
  };
  if (!seen()) { const watch = new MutationObserver(() => seen() && watch.disconnect()); watch.observe(document, { childList: true, subtree: true }); }
})()`;

const FLAGS = ['--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];

/** Opens the browser for `use(visit)`; `visit(url)` goes there in a new context with the session's cookies and an empty cache. */
export async function withBrowser({ program, portal, cookie, use }) {
  const browser = await chromium.launch({ executablePath: program, headless: true, chromiumSandbox: process.getuid?.() !== 0, args: FLAGS });
  const cookies = cookie.split('; ').map((pair) => {
    const at = pair.indexOf('=');
    return { name: pair.slice(0, at), value: pair.slice(at + 1), url: portal, sameSite: 'Lax' };
  });
  try {
    return await use((url) => visit(browser, cookies, url));
  } finally {
    await browser.close();
  }
}

async function visit(browser, cookies, url) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 } });
  try {
    await context.addCookies(cookies);
    await context.addInitScript(WATCH);
    const page = await context.newPage();
    const wire = await watchNetwork(context, page);
    const problems = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(url, { waitUntil: 'load' });
    // Islands are loaded when the browser is idle: wait for them, since their bytes count.
    await page.waitForLoadState('networkidle');
    const page_ = await page.evaluate(() => ({
      rowsAt: window.rowsAt,
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      firstByte: performance.getEntriesByType('navigation')[0].responseStart,
      blocking: performance.getEntriesByType('resource').filter((one) => one.renderBlockingStatus === 'blocking' && /\.(m?js|wasm)$/.test(new URL(one.name).pathname)).map((one) => one.name),
      plain: [...document.querySelectorAll('script')].filter((one) => one.src !== '' && one.type !== 'module' && !one.async && !one.defer).map((one) => one.src),
    }));
    return { ...page_, blocking: [...new Set([...page_.blocking, ...page_.plain])], files: wire(), problems };
  } finally {
    await context.close();
  }
}

/** Bytes on the wire of every file, heads included, with how they were packed. */
async function watchNetwork(context, page) {
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const files = new Map();
  session.on('Network.responseReceived', ({ requestId, response, type }) => {
    files.set(requestId, { url: response.url, type, packed: response.headers['content-encoding'] ?? response.headers['Content-Encoding'] ?? 'none', mime: response.mimeType, bytes: 0 });
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const file = files.get(requestId);
    if (file) file.bytes = encodedDataLength;
  });
  return () => [...files.values()];
}

/** Whether a file is program code. */
export const isScript = (file) => /javascript|wasm/.test(file.mime);
