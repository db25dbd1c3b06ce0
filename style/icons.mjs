// Builds public/icons.svg, the one icon file of the pages, from lucide (ISC licence).
// The result is checked in, so that a build needs no icon package. To change it:
//   npm install --no-save lucide-static@1.62.0 && node style/icons.mjs
import { readFileSync, writeFileSync } from 'node:fs';

const names = `house box rocket inbox layers scroll-text key-round folder-sync search sun moon monitor log-out check x
circle-check circle-x clock circle-dashed circle-play triangle-alert ban hourglass history minus chevron-right
chevron-left chevron-down chevron-up chevrons-up-down arrow-right external-link shield-check shield-alert lock user-round users globe
server copy download filter info git-commit-horizontal tag eye terminal refresh-cw menu rotate-ccw fingerprint
pause equal equal-not circle-slash circle-pause circle-dot git-branch command calendar-clock skip-forward list-checks file-warning
monitor-smartphone circle-help arrow-down plug-zap archive radio`.split(/\s+/);

const symbols = names.map((name) => {
  const svg = readFileSync(new URL(`../node_modules/lucide-static/icons/${name}.svg`, import.meta.url), 'utf8');
  const inner = svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1, svg.lastIndexOf('</svg>'));
  return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s*\n\s*/g, '').replace(/ \/>/g, '/>')}</symbol>`;
});
const licence = '<!-- Icons: lucide 1.62.0, https://lucide.dev, ISC licence, (c) Lucide Contributors and Cole Bemis. -->';
const sprite = `<svg xmlns="http://www.w3.org/2000/svg">${licence}\n${symbols.join('\n')}\n</svg>\n`;
// The pages link to the icons by this number, so that browsers may keep them for ever.
const version = Buffer.from(sprite).reduce((sum, byte) => (Math.imul(sum, 33) ^ byte) >>> 0, 5381);
writeFileSync(new URL('../public/icons.svg', import.meta.url), sprite);
writeFileSync(new URL('../public/icons.version', import.meta.url), version.toString(16).padStart(8, '0'));
console.log(`${names.length} icons`);
