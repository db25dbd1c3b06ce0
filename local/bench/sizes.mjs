// What a browser waits for and loads on the common pages.

import * as backstage from './backstage.mjs';
import { isScript, withBrowser } from './browser.mjs';
import { median, ms, number } from './report.mjs';

const PAGES = ['/services?sort=team&lifecycle=production', '/changes', '/audit', '/'];
const GOAL = { rows: 200, script: 120_000 };
const kB = (bytes) => `${number(bytes / 1000, 1)} kB`;

export async function sizes(report, { program, portal, cookie, visits }) {
  report.heading('browser, empty cache');
  await report.measure('browser', () => withBrowser({ program, portal, cookie, use: async (visit) => {
    await visit(portal + PAGES[0]); // the browser's own start-up is not the portal's
    for (const path of PAGES) await report.measure(path, (load) => page(report, visit, { portal, path, visits, load }));
  } }));
}

async function page(report, visit, { portal, path, visits, load }) {
  const seen = [];
  for (let n = 0; n < visits; n += 1) seen.push(await visit(portal + path));
  const problems = seen.flatMap((one) => one.problems);
  if (problems.length > 0) throw new Error(`the browser's console says: ${problems[0]}`);
  const files = seen[0].files.filter((file) => !file.url.startsWith('data:'));
  const scripts = files.filter(isScript);
  const sum = (list) => list.reduce((total, file) => total + file.bytes, 0);
  const script = sum(scripts);
  const of = (key) => seen.map((one) => one[key]);
  const isList = path.startsWith('/services');
  if (of('rowsAt').every((value) => value !== undefined && value !== null)) {
    const rows = median(of('rowsAt'));
    report.add({
      what: `${path}: rows on the screen`, goal: `< ${GOAL.rows} ms`, result: ms(rows), met: rows < GOAL.rows, load,
      ratio: isList ? `${number(backstage.rowsVisible / rows, 1)}× faster than Backstage's ${number(backstage.rowsVisible)} ms` : undefined,
      detail: `${visits} visits: ${of('rowsAt').map((value) => Math.round(value)).join(', ')}; first byte ${ms(median(of('firstByte')))}, first paint ${ms(median(of('paint')))}`,
      values: { rows: of('rowsAt'), firstByte: of('firstByte'), paint: of('paint') },
    });
  } else {
    report.add({ what: `${path}: first paint`, result: ms(median(of('paint'))), detail: 'no table on this page', load, values: { paint: of('paint') } });
  }
  const packed = [...new Set(scripts.map((file) => file.packed))].join(', ');
  report.add({
    what: `${path}: WASM and JS`, goal: '≤ 120 kB brotli', result: kB(script), met: script <= GOAL.script && scripts.every((file) => file.packed === 'br'), load,
    ratio: isList ? `1/${number((backstage.script * 1000) / script, 1)} of Backstage's ${number(backstage.script)} kB` : undefined,
    detail: `${scripts.map((file) => `${new URL(file.url).pathname.split('/').at(-1)} ${kB(file.bytes)}`).join(', ') || 'none'} (${packed || '-'})`,
    values: scripts,
  });
  const blocking = [...new Set(of('blocking').flat())];
  report.add({ what: `${path}: scripts that block`, goal: 'none', result: blocking.length === 0 ? 'none' : blocking.join(', '), met: blocking.length === 0, load, values: blocking });
  report.add({
    what: `${path}: all that is transferred`, result: `${files.length} files, ${kB(sum(files))}`, load,
    ratio: isList ? `1/${number((backstage.transferred * 1000) / sum(files), 1)} of Backstage's ${number(backstage.transferred)} kB` : undefined,
    detail: files.filter((file) => file.bytes > 0).map((file) => `${new URL(file.url).pathname.split('/').at(-1) || '/'} ${kB(file.bytes)}`).join(', '), values: files,
  });
}
