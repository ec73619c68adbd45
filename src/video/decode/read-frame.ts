import { UpreelError } from '../../core/errors.ts';
import type { Raster } from '../../core/pixels/raster.ts';
import { planVideo } from '../plan/plan-video.ts';
import { preparePicture } from '../plan/prepare-picture.ts';
import { uniteShapes } from '../plan/unite-shapes.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import { toSeconds } from '../rational.ts';
import type { Segment } from '../segment/segment.ts';
import { type VideoSettings, videoSettingsSchema } from '../settings.ts';
import { readSource } from '../source/read-source.ts';
import { startDecoder } from './decode.ts';

/** One frame of a video as the network would get it. */
export interface VideoFrame {
  readonly raster: Raster;
  /** From 0, and how many there are. */
  readonly index: number;
  readonly framesTotal: number;
  /** From the first frame. */
  readonly seconds: number;
}

/**
 * Decodes the frame that is shown at a time.
 * @param atSeconds from the first frame
 * @param settings what is done to the picture before the network
 * @throws UpreelError `input-*`, `ffmpeg-missing`; `usage` if the video is shorter.
 */
export async function readVideoFrame(
  input: string,
  atSeconds: number,
  signal: AbortSignal,
  settings: VideoSettings = videoSettingsSchema.parse({ gaps: 'skip' }),
): Promise<VideoFrame> {
  const read = await readSource(input, settings, signal);
  // The container decides about streams alone, and none is written.
  const request = { output: `${read.source.path}.preview.mkv`, settings };
  const facts = await uniteShapes(read, request, signal);
  const { source, scan } = facts;
  const picture = await preparePicture(facts, request, signal);
  const plan = planVideo(source, scan, request, 1, picture);
  const { segment, index, seconds } = segmentAt(plan, atSeconds);
  const decoder = startDecoder(plan, segment, 2, signal);
  for await (const frame of decoder.frames) {
    return { raster: frame.raster, index, framesTotal: plan.frames.count, seconds };
  }
  throw new UpreelError('input-damaged', `Frame ${index + 1} of ${source.path} cannot be decoded.`, {
    hint: 'Choose another time with --at.',
  });
}

/** The segment of one frame: the last that begins at or before the time. */
function segmentAt(
  { frames, source }: VideoPlan,
  atSeconds: number,
): { readonly segment: Segment; readonly index: number; readonly seconds: number } {
  const { count, timeBase } = frames;
  const times = Array.from(frames.ptsTicks);
  const first = times[0] ?? 0;
  const since = (ticks: number) => toSeconds(ticks - first, timeBase);
  const last = since(times.at(-1) ?? 0);
  // The last frame is shown for a while.
  if (times.length > 0 && atSeconds > last + 1) {
    throw new UpreelError('usage', `--at is at ${atSeconds} s, but ${source.path} ends at ${last.toFixed(1)} s.`, {
      hint: 'Choose an earlier time.',
    });
  }
  if (times.length === 0) {
    // Streams without times: frames are counted from the start.
    const { num, den } = source.video.frameRate;
    const index = Math.min(count - 1, Math.floor((atSeconds * num) / den));
    const segment = { index: 0, startFrame: index, endFrame: index + 1, startTicks: null, endTicks: null };
    return { segment, index, seconds: (index * den) / num };
  }
  const after = times.findIndex((ticks) => since(ticks) > atSeconds + 1e-6);
  const index = Math.max(0, (after === -1 ? times.length : after) - 1);
  const segment = {
    index: 0,
    startFrame: index,
    endFrame: Math.min(count, index + 1),
    startTicks: times[index] ?? null,
    endTicks: times[index + 1] ?? null,
  };
  return { segment, index, seconds: since(times[index] ?? 0) };
}
