import type { TaskEvent } from '../core/events.ts';
import type { Pause } from '../core/pause.ts';
import type { Upscaler } from '../core/upscaler/upscaler.ts';
import type { SegmentRecord } from '../store/index.ts';
import { sumReuse } from './frames/changed-results.ts';
import type { VideoPlan } from './plan/video-plan.ts';
import { VideoProgress } from './progress.ts';

interface AnnounceContext {
  readonly upscaler: Upscaler;
  readonly pause: Pause;
  readonly onEvent: (event: TaskEvent) => void;
}

/**
 * Tells what begins, and what is to be said before it does.
 * @param kept segments that earlier runs have finished.
 */
export function announce(
  { input, model }: { readonly input: string; readonly model: string },
  plan: VideoPlan,
  kept: readonly SegmentRecord[],
  { upscaler, pause, onEvent }: AnnounceContext,
): VideoProgress {
  const framesTotal = Number.isFinite(plan.frames.count) ? plan.frames.count : null;
  const frames = kept.reduce((sum, segment) => sum + segment.ptsTicks.length, 0);
  const tilesPerFrame = upscaler.countTiles(plan.picture.size);
  onEvent({
    type: 'started',
    kind: 'video',
    input,
    output: plan.output,
    model,
    device: upscaler.device,
    source: plan.picture.size,
    target: plan.encodedSize,
    framesTotal,
    tilesPerFrame,
    framesKept: frames,
  });
  for (const warning of plan.warnings) onEvent({ type: 'warning', ...warning });
  const { width, height } = plan.networkSize;
  const pixels = width * height;
  const work = sumReuse(kept.map((segment) => segment.reuse)).framesOfWork;
  const done = {
    frames,
    tiles: Math.round(work * tilesPerFrame),
    outputPixels: Math.round(work * pixels),
    reusedPixels: Math.round((frames - work) * pixels),
  };
  const keptBytes = kept.reduce((sum, segment) => sum + segment.bytes, 0);
  const outputPixelsTotal = framesTotal === null ? null : framesTotal * pixels;
  const carried = plan.streams.order.filter((entry) => entry !== null);
  const converted = carried.filter(({ sound }) => sound !== null).length;
  const progress = new VideoProgress(
    {
      input,
      framesTotal,
      outputPixelsTotal,
      done,
      lanes: upscaler.lanes,
      hasCarried: carried.length > 0,
      soundSeconds: converted * (plan.source.durationSeconds ?? 0),
    },
    keptBytes,
    onEvent,
    pause.activeSeconds,
  );
  progress.enter('prepare');
  return progress;
}
