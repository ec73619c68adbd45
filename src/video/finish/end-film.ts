import type { TaskEvent } from '../../core/events.ts';
import type { Pause } from '../../core/pause.ts';
import type { Provenance } from '../../core/provenance.ts';
import type { JobDirectory, SegmentRecord } from '../../store/index.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { VideoProgress } from '../progress.ts';
import type { VideoSettings } from '../settings.ts';
import { finisherFor } from './finish.ts';
import type { Verification } from './verify.ts';

export interface EndingContext {
  /** Where the segments lie, where the result is made and where it appears. */
  readonly directory: Pick<JobDirectory, 'place' | 'resultFile' | 'outputPlace'>;
  readonly progress: Pick<VideoProgress, 'during' | 'enter'>;
  /** How the film is made, for its tags and its report. */
  readonly provenance: Provenance | null;
  /** No stage begins while it is on. */
  readonly pause: Pause;
  readonly tell: (event: TaskEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * From committed segments to the result under its name: joined, held against the plan, and published.
 * @param segments of the whole film, in order
 * @throws UpreelError `verification-failed`, `output-exists`, `output-unwritable`, `disk-full`, `ffmpeg-failed`
 */
export async function endFilm(
  plan: VideoPlan,
  segments: readonly SegmentRecord[],
  settings: Pick<VideoSettings, 'strip' | 'overwrite'>,
  { directory, progress, provenance, pause, tell, signal }: EndingContext,
): Promise<Verification> {
  const { place, resultFile, outputPlace } = directory;
  const finisher = finisherFor(plan, settings.strip ? null : provenance);
  await pause.over(signal);
  await progress.during('join', () => finisher.join(segments, place, resultFile, signal), resultFile);
  await pause.over(signal);
  const ptsTicks = segments.flatMap((segment) => segment.ptsTicks);
  const verification = await progress.during('verify', () => finisher.verify(ptsTicks, resultFile, signal));
  for (const warning of verification.warnings) tell({ type: 'warning', ...warning });
  progress.enter('publish');
  await finisher.publish(resultFile, outputPlace, settings.overwrite);
  return verification;
}
