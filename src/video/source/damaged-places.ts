import type { FrameList } from '../plan/frame-list.ts';
import { toSeconds } from '../rational.ts';

/** Frames that follow each other, on the result's clock; the end is where the next one begins. */
export interface DamagedPlace {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly frames: number;
}

/** How ticks of a list become the result's seconds. */
export type Clock = Pick<FrameList, 'timeBase' | 'lastDurationTicks'> & { readonly shiftSeconds: number };

/** Where frames of a list are meant. */
export function placesOf(all: Float64Array, isMeant: (ticks: number) => boolean, clock: Clock): DamagedPlace[] {
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

/** A frame before a hole seems to last until its end. */
export function mergePlaces(places: readonly DamagedPlace[]): DamagedPlace[] {
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

/** Frames and seconds of all of them together. */
export function sumPlaces(places: readonly DamagedPlace[]): { readonly frames: number; readonly seconds: number } {
  return { frames: places.reduce((sum, place) => sum + place.frames, 0), seconds: secondsOf(places) };
}

interface Span {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

export function secondsOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { startSeconds, endSeconds }) => sum + endSeconds - startSeconds, 0);
}

export function listPlaces(places: readonly Span[]): string {
  const shown = places.slice(0, MOST_PLACES).map(({ startSeconds, endSeconds }) => {
    return `${formatTime(startSeconds)}-${formatTime(endSeconds)}`;
  });
  const more = places.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more ${more === 1 ? 'place' : 'places'}` : ''}`;
}

/** In a sentence; the report has all. */
const MOST_PLACES = 4;

/** 3723.5 -> "1:02:03.500". */
export function formatTime(seconds: number): string {
  const milliseconds = Math.max(0, Math.round(seconds * 1000));
  const part = (value: number, digits: number) => String(value).padStart(digits, '0');
  const minutes = Math.floor(milliseconds / 60_000);
  return `${Math.floor(minutes / 60)}:${part(minutes % 60, 2)}:${part(Math.floor(milliseconds / 1000) % 60, 2)}.${part(milliseconds % 1000, 3)}`;
}
