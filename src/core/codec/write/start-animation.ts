import { startApng } from '../animation/apng.ts';
import { startAvifAnimation } from '../animation/avif.ts';
import { startGif } from '../animation/gif.ts';
import { startWebpAnimation } from '../animation/webp.ts';
import type { AnimationPlan, AnimationWriter } from '../animation/writer.ts';
import type { OutputFormat } from './output-format.ts';

export type { AnimationWriter };

const WRITERS: Readonly<Partial<Record<OutputFormat, (plan: AnimationPlan) => Promise<AnimationWriter>>>> = {
  gif: startGif,
  png: startApng,
  webp: startWebpAnimation,
  avif: startAvifAnimation,
};

/** Whether pages go to a writer of animations; a GIF does always. */
export function writesAsAnimation(format: OutputFormat, pages: number): boolean {
  return format === 'gif' || (pages > 1 && WRITERS[format] !== undefined);
}

/** @throws UpreelError as the format's writer does. */
export function startAnimation(format: OutputFormat, plan: AnimationPlan): Promise<AnimationWriter> {
  const start = WRITERS[format];
  if (start === undefined) throw new Error(`${format} holds no animation.`);
  return start(plan);
}
