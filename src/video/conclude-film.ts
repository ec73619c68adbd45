import { keepTimes } from '../core/files/publish.ts';
import type { SegmentRecord } from '../store/index.ts';
import { type EndingContext, endFilm } from './finish/end-film.ts';
import { filmProvenance } from './finish/provenance-tags.ts';
import { makeReport, writeReport } from './finish/report.ts';
import { reusedShare, sumReuse } from './frames/changed-results.ts';
import { findDamage, warnOfDamage } from './plan/concealment.ts';
import type { VideoPlan } from './plan/video-plan.ts';
import type { VideoProgress } from './progress.ts';
import { toSeconds } from './rational.ts';
import { formatTime } from './source/damaged-places.ts';
import { hasHiddenFrames } from './source/silent-packets.ts';
import type { VideoContext, VideoRequest, VideoResult } from './video-request.ts';

interface ConclusionContext extends Omit<EndingContext, 'provenance'> {
  /** That made the segments. */
  readonly device: string;
  readonly progress: EndingContext['progress'] & Pick<VideoProgress, 'elapsedSeconds' | 'stageSeconds'>;
}

interface Concluded extends Pick<VideoRequest, 'input' | 'model' | 'settings' | 'making'> {
  /** Of source and result in the report, where they are not those of the files at hand. */
  readonly names?: { readonly input: string; readonly output: string };
}

/**
 * From the segments of a whole film, wherever they were made, to the result under its name: what is damaged is told,
 * the film is joined, verified and published, the report written.
 * @param segments in order
 * @throws UpreelError as `endFilm` does, and as the report is written.
 */
export async function concludeFilm(
  plan: VideoPlan,
  segments: readonly SegmentRecord[],
  request: Concluded,
  { device, ...ending }: ConclusionContext,
): Promise<VideoResult> {
  const { settings } = request;
  const { directory, progress, tell } = ending;
  const ptsTicks = segments.flatMap((segment) => segment.ptsTicks);
  // An earlier run may have concealed what this one would not.
  const isConcealed = plan.concealsErrors || segments.some((segment) => segment.patchedTicks.length > 0);
  const damage = isConcealed ? findDamage(plan, segments) : null;
  const lost = warnOfDamage(damage);
  for (const warning of lost) tell({ type: 'warning', ...warning });
  if (!plan.concealsErrors) warnOfHidden(plan, ptsTicks, tell);

  const provenance = await filmProvenance(request.making, plan.source);
  const verification = await endFilm(plan, segments, settings, { ...ending, provenance });
  const { maxDeviationSeconds, bytes, warnings } = verification;
  if (settings.keepTimes) await keepTimes(firstFile(plan.source), directory.outputPlace);

  const seconds = progress.elapsedSeconds;
  const framesTotal = ptsTicks.length;
  const allWarnings = [...plan.warnings, ...lost, ...warnings];
  const reuse = sumReuse(segments.map((segment) => segment.reuse));
  if (settings.report !== null) {
    const made = {
      model: request.model,
      device,
      frames: framesTotal,
      reuse,
      verification,
      damage,
      provenance,
      names: request.names,
    };
    const report = makeReport(plan, { ...made, stageSeconds: progress.stageSeconds, warnings: allWarnings });
    await writeReport(report, settings.report, settings.overwrite);
  }
  const share = reusedShare(reuse);
  const reused = share > 0 ? { reusedShare: share } : {};
  tell({ type: 'done', input: request.input, output: plan.output, framesTotal, seconds, bytes, ...reused });
  return {
    output: plan.output,
    framesTotal,
    seconds,
    bytes,
    maxDeviationSeconds,
    reuse,
    warnings: allWarnings,
  };
}

/** Of a film that has a file for each frame, the first of them. */
export function firstFile({ path, frames }: VideoPlan['source']): string {
  return frames?.paths[0] ?? path;
}

/** The decoder found no fault, so these are frames that are never shown; VP8 has them by design. */
function warnOfHidden(
  { frames, source, shiftSeconds }: VideoPlan,
  decoded: readonly number[],
  onEvent: VideoContext['onEvent'],
): void {
  const hidden = frames.count - decoded.length;
  if (hidden <= 0 || hasHiddenFrames(source.video)) return;
  const first = Math.min(...decoded.slice(0, 100));
  const lead = frames.ptsTicks.filter((ticks) => ticks < first).length;
  // A recording that was cut anywhere.
  const begin = formatTime(toSeconds(first, frames.timeBase) - shiftSeconds);
  const why = lead === hidden ? ` They come before the first key frame: the picture begins at ${begin}.` : '';
  const message = `${hidden} of ${frames.count} packets of the video gave no picture of their own.${why}`;
  onEvent({ type: 'warning', code: 'frames-hidden', message });
}
