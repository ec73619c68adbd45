import type { JobSnapshot } from '../../job/index.ts';
import { type SafeText, text } from '../safe-text.ts';
import { bytes, count, percent, plural, shortDuration } from '../wording.ts';
import { figuresOf } from './figures.ts';

/** What ending these jobs at once costs: frames outside finished segments are made again. */
export function lossOfAbort(jobs: readonly JobSnapshot[]): SafeText {
  const each = jobs.map(figuresOf);
  const frames = each.reduce((sum, { framesDone, framesKept }) => sum + framesDone - framesKept, 0);
  if (frames === 0) return text`no finished frame is lost`;
  const seconds = each.reduce((sum, { framesDone, framesKept, framesPerSecond }) => {
    return framesPerSecond === null ? sum : sum + (framesDone - framesKept) / framesPerSecond;
  }, 0);
  const work = seconds < 1 ? text`` : text` (${shortDuration(seconds)} of work)`;
  return text`${plural(frames, text`frame`, text`frames`)}${work} of it would be made again`;
}

/** How far it is, and what of that goes. */
export function lossOfCancel(job: JobSnapshot): SafeText {
  return text`${percent(figuresOf(job).fraction)} is done; ${lossOfAbort([job])}.`;
}

export function lossOfRemoval(job: JobSnapshot): SafeText {
  if (job.state === 'done') return text`Only from the list: the result stays.`;
  const { fraction, framesDone, bytes: size } = figuresOf(job);
  if (framesDone === 0) return text`Nothing of it is finished.`;
  return text`${percent(fraction)} is done: ${count(framesDone)} frames, ${bytes(size)} would be deleted.`;
}
