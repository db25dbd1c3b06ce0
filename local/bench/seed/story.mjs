// What happened to the made-up services: which release was asked for where, when, and how it ended. Only the plot; rows are made of it later.

import { RELEASES } from './releases.mjs';

const DAY = 86_400_000;
/** How changes end, and how often. */
const ENDS = [['succeeded', 0.86], ['failed', 0.05], ['cancelled', 0.025], ['rejected', 0.025], ['stale', 0.02], ['expired', 0.02]];
/** Share of services with a change that waits for somebody's word now. */
const WAITING = 0.03;

const end = (random) => {
  let left = random.next();
  for (const [state, share] of ENDS) if ((left -= share) < 0) return state;
  return ENDS[0][0];
};

/**
 * `count` changes of `services`, oldest first: `{id, at, service, release, place, state, current}`, where `current` is what ran in
 * each region of the place. Also what runs at the end: `{service, place, region, release, change, at}`.
 */
export function tell({ random, services, releases, places, count, from, until }) {
  const changes = [];
  const deployed = new Map();
  const lasts = Math.min(7 * DAY, until - from);
  services.forEach((service, n) => {
    const mine = releases.get(service.id);
    // A third of the services has a development environment that the portal knows.
    const stops = n % 3 === 0 ? places : places.filter((place) => place.regions.length > 1);
    const many = Math.floor(((n + 1) * count) / services.length) - Math.floor((n * count) / services.length);
    const waits = many > 0 && random.next() < WAITING;
    const step = (until - from) / many;
    const running = new Map();
    for (let j = 0; j < many; j += 1) {
      const waiting = waits && j === many - 1;
      const at = waiting ? until - random.next() * lasts * 0.9 : from + step * j + random.next() * step * 0.9;
      const release = mine[Math.min(RELEASES - 1, Math.floor((j * RELEASES) / many))];
      const place = waiting ? stops.at(-1 - random.below(2)) : stops[j % stops.length];
      let state = waiting ? 'awaiting_approval' : end(random);
      // Where no rule asks for anybody there is nobody to reject, nor time to expire.
      if (place.name === 'dev' && ['rejected', 'expired', 'cancelled'].includes(state)) state = 'succeeded';
      const change = { id: random.id(at), at, service, release, place, state, current: place.regions.map(({ region }) => running.get(`${place.name} ${region}`)) };
      changes.push(change);
      // A failed one may have got as far as the passive region.
      const reached = state === 'succeeded' ? place.regions : state === 'failed' && random.next() < 0.3 ? place.regions.slice(0, -1) : [];
      for (const { region } of reached) {
        running.set(`${place.name} ${region}`, release);
        deployed.set(`${service.id} ${place.name} ${region}`, { service, place, region, release, change: change.id, at });
      }
    }
  });
  changes.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { changes, deployed: [...deployed.values()] };
}
