import type { Raster } from '../../core/pixels/raster.ts';
import { startDecoder } from '../decode/decode.ts';
import { readVideoFrame } from '../decode/read-frame.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import { type PreviewPair, previewPair } from '../preview.ts';
import type { Segment } from '../segment/segment.ts';
import type { OpenSharedFilm } from './shared-film.ts';

/**
 * The first frame of a finished segment as it lies in the store, and what the network got for it. Nobody who works
 * is asked for it.
 * @param mostBytes of a segment that must be fetched for it
 * @returns null: the segment is not there.
 * @throws UpreelError as `readVideoFrame` and `SharedSegments.borrow` do.
 */
export async function previewSegment(
  { film, plan, segments }: OpenSharedFilm,
  index: number,
  mostBytes: number,
  signal: AbortSignal,
): Promise<PreviewPair | null> {
  const segment = film.segments[index];
  const record = await segments.find(index);
  if (segment === undefined || record === null) return null;
  const before = await firstFrame(plan, segment, signal);
  if (before === null) return null;
  return segments.borrow(record, mostBytes, async (file) => {
    const { raster: after } = await readVideoFrame(file, 0, signal);
    return previewPair(segment.startFrame, before, after);
  });
}

async function firstFrame(plan: VideoPlan, segment: Segment, signal: AbortSignal): Promise<Raster | null> {
  const { startFrame, startTicks, endTicks } = segment;
  const next = plan.frames.ptsTicks[startFrame + 1];
  const isTimed = startTicks !== null || endTicks !== null;
  const one = {
    ...segment,
    endFrame: startFrame + 1,
    startTicks: isTimed ? (plan.frames.ptsTicks[startFrame] ?? startTicks) : startTicks,
    endTicks: isTimed ? (next ?? endTicks) : endTicks,
  };
  const decoder = startDecoder(plan, one, 2, signal);
  for await (const frame of decoder.frames) return frame.raster;
  return null;
}
