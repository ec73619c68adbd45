/** Before the network filters may look at several frames; after it segments are filtered one by one. */
export type FilterPlace = 'before' | 'after';

/**
 * Filters that users may name: those that keep size, count and times of frames, work on YUV of all depths (but for a few
 * that know 8 bits only), and open no file, device or second input.
 */
const SPATIAL = new Set([
  ...['unsharp', 'cas', 'gblur', 'avgblur', 'median', 'hue', 'deblock', 'deband', 'chromanr', 'fillborders', 'hflip'],
  ...['vflip', 'vaguedenoiser', 'fftdnoiz', 'owdenoise'],
  ...['eq', 'nlmeans', 'removegrain', 'gradfun', 'noise', 'delogo', 'smartblur', 'pp', 'spp'],
]);
const TEMPORAL = new Set(['hqdn3d', 'atadenoise', 'deflicker', 'dedot']);

/**
 * Reads "hqdn3d=3:2,unsharp=5:5:0.8".
 * @returns what is wrong with it in a clause, or null. Brackets, semicolons, quotes and backslashes are no part of it,
 *   so nothing can be connected, hidden or continued.
 */
export function problemOfFilters(text: string, place: FilterPlace): string | null {
  for (const part of text.split(',')) {
    const name = /^([a-z0-9]+)(?:=[A-Za-z0-9_.+*/:|()=-]+)?$/.exec(part)?.[1];
    if (name === undefined) return `expected filters such as hqdn3d=3,unsharp=5:5:0.8, got ${JSON.stringify(part)}`;
    if (TEMPORAL.has(name) && place === 'after')
      return `${name} looks at several frames, so it can only be used before`;
    if (!SPATIAL.has(name) && !TEMPORAL.has(name))
      return `the filter ${name} is not one of ${namesFor(place).join(', ')}`;
  }
  return null;
}

/** Whether a filter's result depends on frames before. */
export function looksBack(text: string | null): boolean {
  return (text ?? '').split(',').some((part) => TEMPORAL.has(part.split('=')[0] ?? ''));
}

function namesFor(place: FilterPlace): string[] {
  return [...SPATIAL, ...(place === 'before' ? TEMPORAL : [])].sort();
}
