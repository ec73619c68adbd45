import { UpreelError } from '../../core/errors.ts';
import type { EncodedSegment } from '../segment/run-segment.ts';
import {
  type Clock,
  type DamagedPlace,
  findHoles,
  listPlaces,
  mergePlaces,
  placesOf,
  sumPlaces,
} from '../source/damaged-places.ts';
import { hasHiddenFrames } from '../source/silent-packets.ts';
import type { StreamWarning } from '../source/streams.ts';
import type { VideoPlan } from './video-plan.ts';

/** What of a film's picture is not as it was taken. */
export interface PictureDamage {
  /** Shown as well as the decoder could make them. */
  readonly patched: readonly DamagedPlace[];
  /** Left out: the picture before is shown for as long. Where nothing of them is left, their number is reckoned. */
  readonly missing: readonly DamagedPlace[];
  /** Left out, too, of a film that does not give the times of its pictures. */
  readonly untimed: number;
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
  { source, frames, shiftSeconds, scan }: Pick<VideoPlan, 'source' | 'frames' | 'shiftSeconds' | 'scan'>,
  finished: readonly Pick<EncodedSegment, 'ptsTicks' | 'patchedTicks'>[],
): PictureDamage | null {
  const decoded = Float64Array.from(finished.flatMap((segment) => segment.ptsTicks)).sort();
  const patchedTicks = new Set(finished.flatMap((segment) => segment.patchedTicks));
  const clock: Clock = { ...frames, shiftSeconds };
  const patched = placesOf(decoded, (ticks) => patchedTicks.has(ticks), clock);
  const have = new Set(decoded);
  const isLost = (ticks: number) => !have.has(ticks) && !hasHiddenFrames(source.video);
  const lost = placesOf(frames.ptsTicks, isLost, clock);
  const isTimed = frames.ptsTicks.length >= frames.count || !Number.isFinite(frames.count);
  const untimed = isTimed ? 0 : Math.max(0, frames.count - decoded.length);
  if (patched.length + lost.length + untimed === 0 && scan.demuxerError === null) return null;
  const missing = untimed > 0 ? [] : mergePlaces([...lost, ...findHoles(frames.ptsTicks, clock)]);
  return patched.length + missing.length + untimed === 0 ? null : { patched, missing, untimed };
}

/** Sentences on what is there to be concealed. */
export function describeDamage({ patched, missing, untimed }: PictureDamage, isDone: boolean): string[] {
  const [patches, gaps] = isDone ? [' and patched by the decoder', ', and left out'] : ['', ''];
  return [
    ...(patched.length > 0 ? [`${pictures(patched)} damaged in the source${patches}: ${listPlaces(patched)}.`] : []),
    ...(missing.length > 0
      ? [`${pictures(missing)} missing in the source or cannot be decoded${gaps}: ${listPlaces(missing)}.`]
      : []),
    ...(untimed > 0 ? [`${untimed} ${untimed === 1 ? 'picture' : 'pictures'} cannot be decoded${gaps}.`] : []),
  ];
}

export function warnOfDamage(damage: PictureDamage | null): StreamWarning[] {
  if (damage === null) return [];
  return describeDamage(damage, true).map((message) => ({ code: 'damage', message }));
}

function pictures(places: readonly DamagedPlace[]): string {
  const { frames, seconds } = sumPlaces(places);
  return `${frames} ${frames === 1 ? 'picture' : 'pictures'} (${seconds.toFixed(2)} s) ${frames === 1 ? 'is' : 'are'}`;
}
