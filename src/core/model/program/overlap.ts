import { countTo } from './padding.ts';
import type { Operand, StepIndex } from './program.ts';
import { indexVector, type LengthVector, type Pixels, type ProgramBuilder, type Tokens } from './program-builder.ts';
import { withZeroRow } from './windows.ts';

/**
 * Windows of `outer` pixels around those of `inner`, which they overlap on all sides by as much: torch's Unfold. What
 * lies outside of the picture is zero. The size must be a multiple of `inner`.
 */
export function cutOverlapping(
  program: ProgramBuilder,
  size: LengthVector,
  inner: number,
  outer: number,
): (pixels: Pixels) => Tokens {
  const op = (operator: string, ...inputs: Operand[]): StepIndex => program.step(operator, inputs);
  const margin = (outer - inner) >> 1;
  // Which row lies where, window by window: [windows, outer].
  const taken = (length: StepIndex): StepIndex => {
    const windows = countTo(program, op('Div', length, indexVector([inner])));
    const starts = op('Sub', op('Mul', windows, indexVector([inner])), indexVector([margin]));
    const places = indexVector(Array.from({ length: outer }, (_, place) => place));
    return op('Add', op('Reshape', starts, indexVector([-1, 1])), places);
  };
  const y = op('Reshape', taken(size.height), indexVector([-1, 1, outer, 1]));
  const x = op('Reshape', taken(size.width), indexVector([1, -1, 1, outer]));
  const within = (place: StepIndex, length: StepIndex): StepIndex =>
    op('And', op('GreaterOrEqual', place, indexVector([0])), op('Less', place, length));
  const isInside = op('And', within(y, size.height), within(x, size.width));
  const index = op('Where', isInside, op('Add', op('Mul', y, size.width), x), op('Mul', size.height, size.width));
  const take = op('Reshape', index, indexVector([-1]));
  const density = outer ** 2 / inner ** 2;
  return (pixels) => ({
    ...pixels,
    layout: 'tokens',
    density: pixels.density * density,
    step: program.step('Gather', [withZeroRow(program, pixels), take]),
  });
}
