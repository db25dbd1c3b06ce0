// A catalogue as a large company has one: the real entities of the local shop, and as many made-up ones as it takes.

import fs from 'node:fs';
import path from 'node:path';
import { root } from '../parts/files.mjs';
import { chance } from './random.mjs';

const PER_FILE = 100;
const DOMAINS = ['account', 'address', 'basket', 'billing', 'booking', 'bundle', 'campaign', 'claim', 'consent', 'contract', 'coupon', 'courier',
  'customer', 'delivery', 'discount', 'document', 'event', 'fraud', 'gift', 'identity', 'invoice', 'ledger', 'listing', 'loyalty', 'media',
  'merchant', 'message', 'offer', 'order', 'parcel', 'partner', 'payout', 'preference', 'price', 'product', 'profile', 'purchase', 'quote',
  'rating', 'refund', 'return', 'review', 'route', 'session', 'stock', 'supplier', 'tariff', 'ticket', 'voucher', 'warehouse'];
const PARTS = ['api', 'archive', 'audit', 'broker', 'cache', 'calculator', 'collector', 'console', 'dispatcher', 'enricher', 'exporter', 'feed',
  'gateway', 'guard', 'importer', 'indexer', 'lookup', 'matcher', 'notifier', 'planner', 'poller', 'projector', 'proxy', 'publisher', 'query',
  'reconciler', 'registry', 'relay', 'renderer', 'reporter', 'router', 'scheduler', 'scorer', 'search', 'store', 'stream', 'sync', 'validator',
  'watcher', 'worker'];
const LANGUAGES = ['rust', 'java', 'kotlin', 'go', 'python', 'typescript'];
const TIERS = ['tier-1', 'tier-2', 'tier-3'];

/** The words that searches in the measurements look for. */
export const words = DOMAINS;
const companyTeams = DOMAINS.flatMap((domain) => [1, 2, 3, 4, 5].map((n) => `${domain}-${n}`));
/** Who owns services: five teams for each domain, and those of the local shop, so that its people see a share of it all. */
export const teams = [...companyTeams, 'checkout', 'catalog', 'fulfilment', 'platform'];
export const systems = DOMAINS.map((domain) => `${domain}-platform`);

const service = (random, n) => {
  const domain = DOMAINS[n % DOMAINS.length];
  const part = PARTS[Math.floor(n / DOMAINS.length) % PARTS.length];
  const round = Math.floor(n / (DOMAINS.length * PARTS.length));
  const name = `${domain}-${part}${round === 0 ? '' : `-${round + 1}`}`;
  const lifecycle = random.next() < 0.8 ? 'production' : random.one(['experimental', 'deprecated']);
  const title = `${domain[0].toUpperCase()}${domain.slice(1)} ${part}`;
  return `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: ${name}
  title: ${title}
  description: Keeps the ${part} side of each ${domain}; used by ${random.one(DOMAINS)} ${random.one(PARTS)} and ${random.one(DOMAINS)} ${random.one(PARTS)}
  tags: [${random.one(LANGUAGES)}, ${random.one(TIERS)}, ${domain}]
  labels:
    cost-centre: "${1000 + random.below(200)}"
  annotations:
    backstage.io/source-location: url:https://github.com/example-shop/${name}/
    github.com/project-slug: example-shop/${name}
    jenkins.io/job-full-name: shop/deploy-${name}
    portolan/ecr-repository: shop/${name}
  links:
    - url: https://github.com/example-shop/${name}/blob/main/RUNBOOK.md
      title: Runbook
spec:
  type: service
  lifecycle: ${lifecycle}
  owner: group:default/${random.one(teams)}
  system: ${domain}-platform
`;
};

/** Writes a catalogue of exactly `count` services to `folder`: those of local/catalog are among them. Answers how many files and bytes. */
export function writeCatalogue(folder, count) {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.cpSync(path.join(root, 'local/catalog'), path.join(folder, 'shop'), { recursive: true });
  const random = chance(1);
  const documents = Array.from({ length: count - componentsIn(path.join(folder, 'shop')) }, (_, n) => service(random, n));
  for (let n = 0; n < documents.length; n += PER_FILE) {
    fs.writeFileSync(path.join(folder, `services-${String(n / PER_FILE).padStart(4, '0')}.yaml`), documents.slice(n, n + PER_FILE).join('---\n'));
  }
  const groups = companyTeams.map((team) => `apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: ${team}\nspec:\n  type: team\n  children: []\n`);
  const systemDocuments = systems.map((system) => `apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata:\n  name: ${system}\nspec:\n  owner: group:default/${system.replace(/-platform$/, '-1')}\n`);
  fs.writeFileSync(path.join(folder, 'company.yaml'), [...groups, ...systemDocuments].join('---\n'));
  const files = yamlFiles(folder);
  return { files: files.length, bytes: files.reduce((sum, file) => sum + fs.statSync(file).size, 0) };
}

const yamlFiles = (folder) => fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.yaml')).map((name) => path.join(folder, name));
const componentsIn = (folder) => yamlFiles(folder).reduce((sum, file) => sum + (fs.readFileSync(file, 'utf8').match(/^kind: Component$/gm)?.length ?? 0), 0);
