// Chance that is the same on every run, so that two runs measure the same data.

/** Numbers from 0 up to 1, by the generator mulberry32. */
export function chance(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n) => Math.floor(next() * n);
  const hex = (digits) => {
    let text = '';
    while (text.length < digits) text += below(2 ** 32).toString(16).padStart(8, '0');
    return text.slice(0, digits);
  };
  return {
    next,
    below,
    hex,
    one: (list) => list[below(list.length)],
    /** A UUIDv7 of that moment (ms), as the portal makes its ids: they sort by time. */
    id: (at) => {
      const time = Math.floor(at).toString(16).padStart(12, '0');
      const variant = (8 + below(4)).toString(16);
      return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
    },
  };
}
