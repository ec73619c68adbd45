import { UpreelError } from '../core/errors.ts';
import { formatTime } from './completeness.ts';
import type { VideoPlan } from './plan.ts';
import { toSeconds } from './rational.ts';
import type { EncodedSegment } from './run-segment.ts';
import type { StreamWarning } from './streams.ts';

/** Runs a check of the source; where damage is to be concealed, what it finds is a warning. */
export async function concealing(isOn: boolean, check: () => Promise<void>): Promise<StreamWarning[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (!isOn || !(error instanceof UpreelError) || error.code !== 'input-damaged') throw error;
    return [{ code: 'damage', message: `${error.message} What is there is upscaled.` }];
  }
}

/** What the decoder had to make up or leave out, once all is decoded. */
export function describeLoss(
  { frames }: VideoPlan,
  finished: readonly Pick<EncodedSegment, 'ptsTicks' | 'concealedFrames'>[],
): StreamWarning[] {
  const decoded = finished.flatMap((segment) => segment.ptsTicks);
  const concealed = finished.reduce((sum, segment) => sum + segment.concealedFrames, 0);
  const missing = Math.max(0, frames.count - decoded.length);
  const warnings: StreamWarning[] = [];
  if (concealed > 0) {
    const message = `${concealed} of ${decoded.length} pictures are damaged in the source and were patched by the decoder.`;
    warnings.push({ code: 'damage', message });
  }
  if (missing > 0) {
    const message = `${missing} of ${frames.count} pictures could not be decoded and are left out${firstGap(frames, decoded)}.`;
    warnings.push({ code: 'damage', message });
  }
  return warnings;
}

function firstGap({ ptsTicks, timeBase }: VideoPlan['frames'], decoded: readonly number[]): string {
  const have = new Set(decoded);
  const index = ptsTicks.findIndex((ticks) => !have.has(ticks));
  if (index < 0) return '';
  return `, the first of them frame ${index + 1} (at ${formatTime(toSeconds(ptsTicks[index] ?? 0, timeBase))})`;
}
