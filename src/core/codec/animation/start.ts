import type { OutputFormat } from '../write/output-format.ts';
import { startApng } from './apng.ts';
import { startAvifAnimation } from './avif.ts';
import { startGif } from './gif.ts';
import { startWebpAnimation } from './webp.ts';
import type { AnimationPlan, AnimationWriter } from './writer.ts';

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
