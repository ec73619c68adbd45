import type { MadeSegment } from '../../store/index.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import { runSegment, type SegmentContext } from './run-segment.ts';
import type { Segment } from './segment.ts';
import { verifySegment } from './verify-segment.ts';

/**
 * Makes one segment of a film into `context.file`, holds the file against the frames that went into it, and describes
 * it. It knows neither a job's folder nor what else is made: whoever has a plan can call it.
 * @throws UpreelError as `runSegment` does, and `verification-failed`.
 */
export async function produceSegment(
  plan: VideoPlan,
  segment: Segment,
  context: SegmentContext & { readonly onChecked?: (seconds: number) => void },
): Promise<MadeSegment> {
  const { file, signal, watch, onChecked = () => {} } = context;
  const { index, startFrame, endFrame } = segment;
  const { ptsTicks, reuse, patchedTicks } = await runSegment(plan, segment, context);
  const facts = await watch.clocks.encode.during(async () => {
    const begun = performance.now();
    const found = await verifySegment(plan, file, ptsTicks, signal);
    onChecked((performance.now() - begun) / 1000);
    return found;
  });
  return {
    index,
    startFrame,
    endFrame,
    reuse,
    ptsTicks: [...ptsTicks],
    patchedTicks: [...patchedTicks],
    ...facts,
  };
}
