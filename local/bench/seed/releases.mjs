// Five releases of every made-up service, evenly over the time of the history.

import { imageDigest } from '../../parts/seed.mjs';
import { insertRows } from './rows.mjs';

export const RELEASES = 5;

/** Answers `service id → [{id, version, commit, digest}]`, oldest first. */
export async function seedReleases(client, { random, services, people, from, until }) {
  const step = (until - from) / (RELEASES + 1);
  const byService = new Map();
  const rows = [];
  for (const service of services) {
    const releases = Array.from({ length: RELEASES }, (_, n) => {
      const at = from + step * n + random.next() * step * 0.5;
      const version = `1.${n}.${random.below(4)}`;
      return { id: random.id(at), version, commit: random.hex(40), digest: imageDigest(service.name, version), at };
    });
    byService.set(service.id, releases);
    const by = people.get(service.team).developers[0].id;
    for (const { at, ...release } of releases) {
      rows.push({ ...release, service_id: service.id, build_url: null, registered_by: by, created_at: new Date(at).toISOString() });
    }
  }
  rows.sort((a, b) => (a.id < b.id ? -1 : 1)); // as time would have written them
  await insertRows(client, 'release', rows);
  return byService;
}
