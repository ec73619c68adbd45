import type { TaskStarted } from '../core/events.ts';
import { type SafeText, text } from './safe-text.ts';
import type { CurrentTask } from './state.ts';
import type { Tone } from './tone.ts';
import {
  bytes,
  countOf,
  duration,
  elapsed,
  finishTime,
  frameRate,
  megapixels,
  percent,
  shortDuration,
} from './wording.ts';

/** A figure of a task in words. */
export interface Fact {
  readonly label: SafeText;
  readonly value: SafeText;
  readonly tone?: Tone;
}

/** The facts of the running task, most wanted first. */
export function taskFacts(task: CurrentTask, warnings: number, isOver: boolean): readonly Fact[] {
  const { progress } = task;
  const facts = [...amountFacts(task)];
  if (!isOver) facts.push(...timeFacts(progress, new Date(task.newsAtMs), text`time left`));
  facts.push(elapsedFact(progress?.elapsedSeconds ?? 0));
  if (progress !== null) {
    const { reusedShare = 0, bytesWritten, rssBytes } = progress;
    if (reusedShare >= 0.001) facts.push({ label: text`reused`, value: percent(reusedShare) });
    // Zero: nothing is written or measured yet.
    if (bytesWritten > 0) facts.push({ label: text`written`, value: bytes(bytesWritten) });
    if (rssBytes > 0) facts.push({ label: text`memory`, value: bytes(rssBytes) });
  }
  if (warnings > 0) facts.push({ label: text`warnings`, value: text`${warnings}` });
  return facts;
}

/** Whether a picture's progress is better told in tiles than in frames. */
export function countsTiles(started: TaskStarted, framesTotal: number | null): boolean {
  return started.kind === 'image' && (framesTotal ?? 1) <= 1;
}

/** "tiles 12 of 48" and "pixels 3.1 of 12.6 MP", or "frames 12 of 300" and "speed 4.2 frames/s". */
function amountFacts({ started, progress }: CurrentTask): readonly Fact[] {
  const framesTotal = progress?.framesTotal ?? started.framesTotal;
  if (countsTiles(started, framesTotal)) {
    const pixelsTotal = progress?.outputPixelsTotal ?? started.target.width * started.target.height;
    return [
      { label: text`tiles`, value: countOf(progress?.tilesDone ?? 0, started.tilesPerFrame) },
      { label: text`pixels`, value: megapixels(progress?.outputPixelsDone ?? 0, pixelsTotal) },
    ];
  }
  return [framesFact(progress?.framesDone ?? 0, framesTotal), speedFact(progress?.framesPerSecond ?? null)];
}

export function framesFact(framesDone: number, framesTotal: number | null): Fact {
  return { label: text`frames`, value: countOf(framesDone, framesTotal) };
}

export function speedFact(framesPerSecond: number | null): Fact {
  return { label: text`speed`, value: frameRate(framesPerSecond) };
}

export function elapsedFact(seconds: number): Fact {
  return { label: text`elapsed`, value: elapsed(seconds) };
}

/** How long there is to come, and when it is over; null: not known. */
export interface TimeLeft {
  readonly secondsLeft: number | null;
  /** Where it is too unsteady for one number. */
  readonly secondsLeftRange?: readonly [number, number] | null | undefined;
}

/** @param now what the time left is counted from */
export function timeFacts(time: TimeLeft | null, now: Date, label: SafeText): readonly Fact[] {
  const [least, most] = time?.secondsLeftRange ?? [null, null];
  if (least === null || most === null) {
    const seconds = time?.secondsLeft ?? null;
    return [
      { label, value: duration(seconds) },
      { label: text`finish`, value: finishTime(now, seconds) },
    ];
  }
  return [
    { label, value: rangeOf(shortDuration(least), shortDuration(most)) },
    { label: text`finish`, value: rangeOf(finishTime(now, least), finishTime(now, most)) },
  ];
}

function rangeOf(first: SafeText, last: SafeText): SafeText {
  return first === last ? first : text`${first} to ${last}`;
}
