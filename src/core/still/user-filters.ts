import { z } from 'zod';
import { UpreelError } from '../errors.ts';

/** Before the network filters may look at several frames; after it segments are filtered one by one. */
export type FilterPlace = 'before' | 'after';

/**
 * Filters that users may name: those that keep size, count and times of frames, work on YUV of all depths (but for a
 * few that know 8 bits only), and open no file, device or second input.
 */
const SPATIAL = new Set([
  ...['unsharp', 'cas', 'gblur', 'avgblur', 'median', 'hue', 'deblock', 'deband', 'chromanr', 'fillborders', 'hflip'],
  ...['vflip', 'vaguedenoiser', 'fftdnoiz', 'owdenoise'],
  ...['eq', 'nlmeans', 'removegrain', 'gradfun', 'noise', 'delogo', 'smartblur', 'pp', 'spp'],
]);
const TEMPORAL = new Set(['hqdn3d', 'atadenoise', 'deflicker', 'dedot']);
/** Of these, what does something to a frame that stands alone: the half of hqdn3d that works in space. */
const ALSO_SPATIAL = new Set(['hqdn3d']);
/** They move pixels, so transparency has to go along. */
const MOVING = new Set(['hflip', 'vflip']);

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

/** A setting that names filters; null: none. */
export const userFilters = (place: FilterPlace) =>
  z
    .string()
    .superRefine((text, context) => {
      const problem = problemOfFilters(text, place);
      if (problem !== null) context.addIssue({ code: 'custom', message: problem });
    })
    .nullable()
    .default(null);

/** Whether a filter's result depends on frames before. */
export function looksBack(text: string | null): boolean {
  return partsOf(text).some((part) => TEMPORAL.has(nameOf(part)));
}

/** A chain of filters as a single picture can have it. */
export interface PictureFilters {
  /** As ffmpeg takes it; null: nothing is left. */
  readonly chain: string | null;
  /** For the plane of transparency: what moves pixels, and nothing else. */
  readonly alphaChain: string | null;
  /** Names of filters that compare frames, and are passed over. */
  readonly passedOver: readonly string[];
}

/** @param text filters that `problemOfFilters` has found right. */
export function pictureFilters(text: string): PictureFilters {
  const needsFrames = (part: string): boolean => TEMPORAL.has(nameOf(part)) && !ALSO_SPATIAL.has(nameOf(part));
  const kept = partsOf(text).filter((part) => !needsFrames(part));
  return {
    chain: chainOf(kept),
    alphaChain: chainOf(kept.filter((part) => MOVING.has(nameOf(part)))),
    passedOver: partsOf(text).filter(needsFrames).map(nameOf),
  };
}

/** Filters before the network, as they were given. @param setting its name, for errors. @throws UpreelError `usage`. */
export function checkedFilters(text: string, setting: string): string {
  const problem = problemOfFilters(text, 'before');
  if (problem === null) return text;
  throw new UpreelError('usage', `${setting} cannot be so: ${problem}.`, { hint: 'See docs/stills.md on filters.' });
}

function partsOf(text: string | null): string[] {
  return text === null ? [] : text.split(',');
}

function nameOf(part: string): string {
  return part.split('=')[0] ?? '';
}

function chainOf(parts: readonly string[]): string | null {
  return parts.length === 0 ? null : parts.join(',');
}

function namesFor(place: FilterPlace): string[] {
  return [...SPATIAL, ...(place === 'before' ? TEMPORAL : [])].sort();
}
