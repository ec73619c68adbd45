import type { AnimationPlan, AnimationWriter } from '../animation/writer.ts';
import type { OutputFormat } from '../formats/list.ts';
import { writtenFormat } from './output-format.ts';

/** Whether pages go to a writer of animations; those of a format without stills (GIF) do always. */
export function writesAsAnimation(format: OutputFormat, pages: number): boolean {
  const { still, animate } = writtenFormat(format);
  return still === null || (pages > 1 && animate !== undefined);
}

/** @throws UpreelError as the format's writer does. */
export function startAnimation(format: OutputFormat, plan: AnimationPlan): Promise<AnimationWriter> {
  const { animate } = writtenFormat(format);
  if (animate === undefined) throw new Error(`${format} holds no animation.`);
  return animate(plan);
}
