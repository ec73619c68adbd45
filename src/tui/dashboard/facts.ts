import type { JobSnapshot } from '../../job/index.ts';
import { elapsedFact, type Fact, framesFact, speedFact, timeFacts } from '../facts.ts';
import { type SafeText, text } from '../safe-text.ts';
import { bytes, duration, percent } from '../wording.ts';
import type { Figures } from './figures.ts';
import { isAtWork, isEnding } from './job-state.ts';

/** The figures of a job in words, most wanted first. */
export function jobFactRows(job: JobSnapshot, figures: Figures, now: Date): readonly Fact[] {
  const { progress } = job;
  const works = isAtWork(job.state);
  const facts: Fact[] = [
    framesFact(figures.framesDone, figures.framesTotal),
    ...(works && !isEnding(job) ? [speedFact(figures.framesPerSecond)] : []),
    ...(works ? timeFacts(figures, now, text`left`) : []),
  ];
  // Of an unfinished job that nobody works on it is not known.
  if (progress !== null && (works || progress.elapsedSeconds > 0)) facts.push(elapsedFact(progress.elapsedSeconds));
  if (figures.bytes > 0) facts.push({ label: text`output`, value: outputWords(job, figures) });
  if (progress?.reusedShare !== undefined && progress.reusedShare > 0.005) {
    facts.push({ label: text`reused`, value: text`${percent(progress.reusedShare)} of the picture` });
  }
  const retried = job.segments.reduce((sum, { attempts }) => sum + Math.max(0, attempts - 1), 0);
  if (retried > 0) facts.push({ label: text`retries`, value: text`${retried}`, tone: 'caution' });
  return [...facts, ...ageFacts(job, now.getTime())];
}

/** When it ended; before that, when this run began, and when the job was listed, if that was another time. */
function ageFacts({ createdAtMs, begunAtMs, endedAtMs }: JobSnapshot, nowMs: number): readonly Fact[] {
  if (endedAtMs !== null) return [{ label: text`ended`, value: since(nowMs - endedAtMs) }];
  const listed = { label: text`listed`, value: since(nowMs - createdAtMs) };
  if (begunAtMs === null) return [listed];
  const begun = { label: text`begun`, value: since(nowMs - begunAtMs) };
  return begunAtMs - createdAtMs < 60_000 ? [begun] : [begun, listed];
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
