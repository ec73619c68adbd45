import { diskFull, UpreelError } from '../../core/errors.ts';
import type { TaskEvent } from '../../core/events.ts';
import type { Pause } from '../../core/pause.ts';
import type { Upscaler } from '../../core/upscaler/upscaler.ts';
import { isFull, requireSpace, type SegmentRecord } from '../../store/index.ts';
import { proveHwaccel } from '../decode/prove-hwaccel.ts';
import { estimateSpace } from '../plan/space.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { PreviewTap } from '../preview.ts';
import { VideoProgress } from '../progress.ts';
import { produceSegment } from '../segment/produce-segment.ts';
import type { VideoSettings } from '../settings.ts';
import type { OpenSharedFilm } from './shared-film.ts';

interface MakeContext {
  readonly index: number;
  /** Of this attempt alone: lower-case letters and digits. */
  readonly token: string;
  readonly upscaler: Upscaler;
  readonly settings: Pick<VideoSettings, 'hwaccel' | 'stallSeconds' | 'quality' | 'spaceCheck'>;
  readonly made: NonNullable<SegmentRecord['made']>;
  readonly pause: Pause;
  readonly preview: PreviewTap;
  readonly onEvent: (event: TaskEvent) => void;
  readonly signal: AbortSignal;
}

export interface MadeSegment {
  readonly frames: number;
  readonly bytes: number;
  /** False: another attempt had made it already, or was first. */
  readonly isNew: boolean;
}

/**
 * Makes one segment of a shared film, unless it is there; whoever else makes the same one, one of both stays.
 * @throws UpreelError as `produceSegment` does, and `disk-full`.
 */
export async function makeSharedSegment(
  { film, plan, segments }: OpenSharedFilm,
  { index, token, upscaler, settings, made, pause, preview, onEvent, signal }: MakeContext,
): Promise<MadeSegment> {
  const segment = film.segments[index];
  if (segment === undefined) {
    throw new UpreelError('usage', `The film has ${film.segments.length} segments, no number ${index + 1}.`);
  }
  const begun = performance.now();
  const there = await segments.find(index);
  if (there !== null) return { frames: there.ptsTicks.length, bytes: there.bytes, isNew: false };
  if (settings.spaceCheck) {
    const { segmentBytes } = estimateSpace(plan, settings.quality, segment.endFrame - segment.startFrame);
    await requireSpace([{ folder: segments.folder, bytes: segmentBytes }]);
  }
  const proven = await proveHwaccel(plan, settings.hwaccel, signal);
  await upscaler.warmUp(plan.picture.gray ? { ...plan.format, channels: 1 } : plan.format);
  const progress = segmentProgress(plan, segment.endFrame - segment.startFrame, upscaler, { pause, onEvent, film });
  const watch = progress.watchSegment(() => {});
  try {
    const file = await segments.part(index, token, plan.encoder.segmentContainer.extension);
    const { stallSeconds } = settings;
    const { onChecked } = watch;
    const work = { upscaler, file, watch, onChecked, pause, preview, stallSeconds, signal };
    const produced = await progress.during('upscale', () => produceSegment(proven, segment, work));
    const seconds = Math.round(performance.now() - begun) / 1000;
    const { record, isNew } = await segments.commit(file, token, {
      ...produced,
      made: { ...made, atMs: Date.now(), seconds },
    });
    return { frames: record.ptsTicks.length, bytes: record.bytes, isNew };
  } catch (error) {
    // ffmpeg may fail, or end well, without room for the end of its file.
    const isFullNow = !signal.aborted && (await isFull(segments.folder));
    await segments.abandon(index, token).catch(() => {});
    throw isFullNow ? diskFull(error, segments.folder) : error;
  }
}

/** Of this segment alone. */
function segmentProgress(
  plan: VideoPlan,
  framesTotal: number,
  upscaler: Upscaler,
  { pause, onEvent, film }: Pick<MakeContext, 'pause' | 'onEvent'> & Pick<OpenSharedFilm, 'film'>,
): VideoProgress {
  const { width, height } = plan.networkSize;
  const totals = {
    input: film.input,
    framesTotal,
    outputPixelsTotal: framesTotal * width * height,
    done: { frames: 0, tiles: 0, outputPixels: 0, reusedPixels: 0 },
    lanes: upscaler.lanes,
    hasCarried: false,
    soundSeconds: 0,
  };
  return new VideoProgress(totals, 0, onEvent, pause.activeSeconds);
}
