import type { JobSnapshot } from '../../job/index.ts';
import { type SafeText, text } from '../safe-text.ts';
import type { Tone } from '../tone.tsx';
import { bytes, countOf, duration, elapsed, finishTime, frameRate, percent, shortDuration } from '../wording.ts';
import type { Figures } from './figures.ts';
import { isAtWork, isEnding } from './job-state.ts';

export interface JobFact {
  readonly label: SafeText;
  readonly value: SafeText;
  readonly tone?: Tone;
}

/** The figures of a job in words, most wanted first. */
export function jobFactRows(job: JobSnapshot, figures: Figures, now: Date): readonly JobFact[] {
  const { progress } = job;
  const works = isAtWork(job.state);
  const facts: JobFact[] = [
    { label: text`frames`, value: countOf(figures.framesDone, figures.framesTotal) },
    ...(works && !isEnding(job) ? [{ label: text`speed`, value: frameRate(figures.framesPerSecond) }] : []),
    ...(works ? timeFacts(figures, now) : []),
  ];
  // Of an unfinished job that nobody works on it is not known.
  if (progress !== null && (works || progress.elapsedSeconds > 0))
    facts.push({ label: text`elapsed`, value: elapsed(progress.elapsedSeconds) });
  if (figures.bytes > 0) facts.push({ label: text`output`, value: outputWords(job, figures) });
  if (progress?.reusedShare !== undefined && progress.reusedShare > 0.005) {
    facts.push({ label: text`reused`, value: text`${percent(progress.reusedShare)} of the picture` });
  }
  const retried = job.segments.reduce((sum, { attempts }) => sum + Math.max(0, attempts - 1), 0);
  if (retried > 0) facts.push({ label: text`retries`, value: text`${retried}`, tone: 'caution' });
  return [...facts, ...ageFacts(job, now.getTime())];
}

/** When it ended; before that, when this run began, and when the job was listed, if that was another time. */
function ageFacts({ createdAtMs, begunAtMs, endedAtMs }: JobSnapshot, nowMs: number): readonly JobFact[] {
  if (endedAtMs !== null) return [{ label: text`ended`, value: since(nowMs - endedAtMs) }];
  const listed = { label: text`listed`, value: since(nowMs - createdAtMs) };
  if (begunAtMs === null) return [listed];
  const begun = { label: text`begun`, value: since(nowMs - begunAtMs) };
  return begunAtMs - createdAtMs < 60_000 ? [begun] : [begun, listed];
}

function timeFacts({ secondsLeft, secondsLeftRange: range }: Figures, now: Date): readonly JobFact[] {
  if (range === null) {
    return [
      { label: text`left`, value: duration(secondsLeft) },
      { label: text`finish`, value: finishTime(now, secondsLeft) },
    ];
  }
  return [
    { label: text`left`, value: rangeOf(shortDuration(range[0]), shortDuration(range[1])) },
    { label: text`finish`, value: rangeOf(finishTime(now, range[0]), finishTime(now, range[1])) },
  ];
}

function rangeOf(first: SafeText, last: SafeText): SafeText {
  return first === last ? first : text`${first} to ${last}`;
}

function outputWords({ state }: JobSnapshot, { bytes: now, bytesForecast }: Figures): SafeText {
  if (bytesForecast === null || state === 'done' || bytesForecast < now) return bytes(now);
  return text`${bytes(now)} of about ${bytes(bytesForecast)}`;
}

/** A clock that was set back has seen nothing happen yet. */
function since(milliseconds: number): SafeText {
  if (milliseconds < 60_000) return text`just now`;
  return text`${duration(Math.floor(milliseconds / 60_000) * 60)} ago`;
}
