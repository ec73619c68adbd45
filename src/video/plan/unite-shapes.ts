import type { VideoSettings } from '../settings.ts';
import { planShapes } from '../shapes/index.ts';
import { containerFor } from '../source/containers.ts';
import { measurePicture } from '../source/measure.ts';
import type { SourceFacts } from '../source/read-source.ts';
import { planStreams } from '../source/streams.ts';
import { planTrim } from '../source/trim.ts';
import { originOf } from './origin.ts';

/**
 * Brings a film whose pictures change their shape onto one canvas, and measures it there; any other is left as it is.
 * @throws UpreelError `input-unsupported` where that is not wanted.
 */
export async function uniteShapes(
  facts: SourceFacts,
  { output, settings }: { readonly output: string; readonly settings: VideoSettings },
  signal: AbortSignal,
): Promise<SourceFacts> {
  const { source, scan, shapes } = facts;
  if (shapes.length < 2) return facts;
  const originSeconds = originOf(source, planStreams(source, containerFor(output), settings));
  const { frameRate, timeBase } = source.video;
  const counted = (scan.packets * frameRate.den * timeBase.den) / (frameRate.num * timeBase.num);
  const last = scan.ptsTicks.at(-1) ?? 0;
  const part = {
    trim: planTrim(settings.trim, originSeconds, timeBase),
    originSeconds,
    // Some streams give the times of a few pictures only, or of none.
    endTicks: Math.max(last + Math.max(1, scan.lastDurationTicks), (scan.ptsTicks[0] ?? 0) + counted),
  };
  const decision = planShapes(source, shapes, part, settings);
  if (decision === null) return facts;
  const measure = await measurePicture(decision.source, settings, signal);
  return { ...facts, source: decision.source, measure, warnings: [...facts.warnings, ...decision.warnings] };
}
