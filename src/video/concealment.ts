import { UpreelError } from '../core/errors.ts';
import { formatTime } from './completeness.ts';
import type { FrameList } from './frame-list.ts';
import type { VideoPlan } from './plan.ts';
import { toSeconds } from './rational.ts';
import type { EncodedSegment } from './run-segment.ts';
import type { StreamWarning } from './streams.ts';

/** Frames that follow each other, on the result's clock; the end is where the next one begins. */
export interface DamagedPlace {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly frames: number;
}

/** What of a film's picture is not as it was taken. */
export interface PictureDamage {
  /** Shown as well as the decoder could make them. */
  readonly patched: readonly DamagedPlace[];
  /** Left out: the picture before is shown for as long. Where nothing of them is left, their number is reckoned. */
  readonly missing: readonly DamagedPlace[];
}

/** Runs a check of the source; where damage is to be concealed, what it finds is a warning. */
export async function concealing(isOn: boolean, check: () => Promise<void>): Promise<StreamWarning[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (!isOn || !(error instanceof UpreelError) || error.code !== 'input-damaged') throw error;
    return [{ code: 'damage', message: `${error.message} What is there is upscaled.` }];
  }
}

/** What the decoder had to make up or leave out, once all is decoded; null: nothing. */
export function findDamage(
  { frames, shiftSeconds, scan }: Pick<VideoPlan, 'frames' | 'shiftSeconds' | 'scan'>,
  finished: readonly Pick<EncodedSegment, 'ptsTicks' | 'patchedTicks'>[],
): PictureDamage | null {
  const decoded = Float64Array.from(finished.flatMap((segment) => segment.ptsTicks)).sort();
  const patchedTicks = new Set(finished.flatMap((segment) => segment.patchedTicks));
  const clock: Clock = { ...frames, shiftSeconds };
  const patched = placesOf(decoded, (ticks) => patchedTicks.has(ticks), clock);
  const have = new Set(decoded);
  const lost = placesOf(frames.ptsTicks, (ticks) => !have.has(ticks), clock);
  if (patched.length + lost.length === 0 && scan.demuxerError === null) return null;
  const missing = merge([...lost, ...findHoles(frames.ptsTicks, clock)]);
  return patched.length + missing.length === 0 ? null : { patched, missing };
}

/** A frame before a hole seems to last until its end. */
function merge(places: readonly DamagedPlace[]): DamagedPlace[] {
  const merged: DamagedPlace[] = [];
  for (const place of [...places].sort((a, b) => a.startSeconds - b.startSeconds)) {
    const before = merged.at(-1);
    if (before === undefined || place.startSeconds > before.endSeconds + 1e-6) {
      merged.push(place);
      continue;
    }
    const endSeconds = Math.max(before.endSeconds, place.endSeconds);
    merged[merged.length - 1] = { ...before, endSeconds, frames: before.frames + place.frames };
  }
  return merged;
}

export function describeDamage({ patched, missing }: PictureDamage): StreamWarning[] {
  const warnings: StreamWarning[] = [];
  if (patched.length > 0) {
    const message = `${pictures(patched)} damaged in the source and patched by the decoder: ${listPlaces(patched)}.`;
    warnings.push({ code: 'damage', message });
  }
  if (missing.length > 0) {
    const message = `${pictures(missing)} missing in the source or cannot be decoded, and left out: ${listPlaces(missing)}.`;
    warnings.push({ code: 'damage', message });
  }
  return warnings;
}

function pictures(places: readonly DamagedPlace[]): string {
  const frames = places.reduce((sum, place) => sum + place.frames, 0);
  const seconds = places.reduce((sum, place) => sum + place.endSeconds - place.startSeconds, 0);
  return `${frames} ${frames === 1 ? 'picture' : 'pictures'} (${seconds.toFixed(2)} s) ${frames === 1 ? 'is' : 'are'}`;
}

export function listPlaces(places: readonly { readonly startSeconds: number; readonly endSeconds: number }[]): string {
  const shown = places.slice(0, MOST_PLACES).map(({ startSeconds, endSeconds }) => {
    return `${formatTime(startSeconds)}-${formatTime(endSeconds)}`;
  });
  const more = places.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more ${more === 1 ? 'place' : 'places'}` : ''}`;
}

/** In a sentence; the report has all. */
const MOST_PLACES = 8;

type Clock = Pick<FrameList, 'timeBase' | 'lastDurationTicks'> & Pick<VideoPlan, 'shiftSeconds'>;

function placesOf(all: Float64Array, isMeant: (ticks: number) => boolean, clock: Clock): DamagedPlace[] {
  const places: DamagedPlace[] = [];
  for (let index = 0; index < all.length; index++) {
    if (!isMeant(all[index]!)) continue;
    const first = index;
    while (index + 1 < all.length && isMeant(all[index + 1]!)) index++;
    const end = all[index + 1] ?? all[index]! + clock.lastDurationTicks;
    places.push({ ...between(all[first]!, end, clock), frames: index - first + 1 });
  }
  return places;
}

function between(start: number, end: number, { timeBase, shiftSeconds }: Clock) {
  const [startSeconds, endSeconds] = [start, end].map((ticks) => toSeconds(ticks, timeBase) - shiftSeconds);
  return { startSeconds: startSeconds!, endSeconds: endSeconds! };
}

/** Times at which frames of a steady rate are not even in the file. Of an unsteady one, nobody can tell. */
export function findHoles(ptsTicks: Float64Array, clock: Clock): DamagedPlace[] {
  const steps = ptsTicks.subarray(1).map((ticks, index) => ticks - ptsTicks[index]!);
  const usual = steps.slice().sort()[steps.length >> 1] ?? 0;
  const steady = steps.reduce((sum, step) => sum + Number(Math.abs(step - usual) <= Math.max(1, 0.1 * usual)), 0);
  if (usual === 0 || steady < STEADY_SHARE * steps.length) return [];
  return [...steps.entries()]
    .filter(([, step]) => step > 1.5 * usual)
    .map(([index, step]) => ({
      ...between(ptsTicks[index]! + usual, ptsTicks[index + 1]!, clock),
      frames: Math.round(step / usual) - 1,
    }));
}

const STEADY_SHARE = 0.8;
