import type { StepIndex } from './program.ts';
import { indexScalar, indexVector, type LengthVector, type Planes, type ProgramBuilder } from './program-builder.ts';

/** reflect does not repeat the border pixel, symmetric does; edge repeats only that. */
export type PaddingMode = 'reflect' | 'symmetric' | 'edge' | 'zeros';

/**
 * Grows planes to the right and down to multiples of `multiple`, whatever their size is: by zeros, by the border, or
 * by reflection, as often as it takes (one pixel is repeated).
 * @param least neither side is shorter afterwards
 * @param beyond by so much both sides grow at least
 */
export function padToMultiple(
  program: ProgramBuilder,
  planes: Planes,
  multiple: number,
  mode: PaddingMode,
  least = 1,
  beyond = 0,
): Planes {
  if (multiple === 1 && least === 1 && beyond === 0) return planes;
  const { height, width } = program.sizeOf(planes);
  const padded = (length: StepIndex): StepIndex => {
    const grown = beyond === 0 ? length : program.step('Add', [length, indexVector([beyond])]);
    const enough = least === 1 ? grown : program.step('Max', [grown, indexVector([least])]);
    return roundedUp(program, enough, multiple);
  };
  if (mode === 'zeros') {
    const missing = (length: StepIndex) => program.step('Sub', [padded(length), length]);
    const before = indexVector([0, 0, 0, 0, 0, 0]);
    const amounts = program.step('Concat', [before, missing(height), missing(width)], { axis: 0 });
    return resized(planes, program.step('Pad', [planes.step, amounts], { mode: 'constant' }));
  }
  if (mode === 'edge') {
    return gathered(program, planes, (length) => {
      const last = program.step('Sub', [length, indexVector([1])]);
      return program.step('Min', [countTo(program, padded(length)), last]);
    });
  }
  return gathered(program, planes, (length) => reflection(program, length, padded(length), mode));
}

/** As `padToMultiple` by reflection, and by `margin` more on all four sides. */
export function reflectAround(program: ProgramBuilder, planes: Planes, margin: number, multiple: number): Planes {
  return gathered(program, planes, (length) =>
    reflection(program, length, roundedUp(program, length, multiple), 'reflect', margin),
  );
}

/** Begins `by` pixels further down and to the right; what is before comes behind the end. */
export function rolled(program: ProgramBuilder, planes: Planes, by: number): Planes {
  const moved = gathered(program, planes, (length) => {
    const begin = by < 0 ? program.step('Sub', [length, indexVector([-by])]) : indexVector([by]);
    return program.step('Mod', [program.step('Add', [countTo(program, length), begin]), length]);
  });
  return { ...moved, extent: planes.extent };
}

/** Without so many rows and columns on each side. */
export function trim(program: ProgramBuilder, planes: Planes, margin: number): Planes {
  const [starts, ends] = [indexVector([margin, margin]), indexVector([-margin, -margin])];
  return resized(planes, program.step('Slice', [planes.step, starts, ends, indexVector([2, 3])]));
}

/** The top left part: `size` times `scale`. */
export function cropToSize(program: ProgramBuilder, planes: Planes, size: LengthVector, scale: number): Planes {
  const lengths = program.step('Concat', [size.height, size.width], { axis: 0 });
  const ends = program.step('Mul', [lengths, indexVector([scale])]);
  return resized(planes, program.step('Slice', [planes.step, indexVector([0, 0]), ends, indexVector([2, 3])]));
}

/** The next multiple at or above it: (length + multiple - 1) / multiple * multiple in whole numbers. */
export function roundedUp(program: ProgramBuilder, length: StepIndex, multiple: number): StepIndex {
  const windows = program.step('Div', [
    program.step('Add', [length, indexVector([multiple - 1])]),
    indexVector([multiple]),
  ]);
  return program.step('Mul', [windows, indexVector([multiple])]);
}

/** 0, 1, 2, ... before `length`. */
export function countTo(program: ProgramBuilder, length: StepIndex): StepIndex {
  return program.step('Range', [indexScalar(0), program.step('Squeeze', [length]), indexScalar(1)]);
}

/**
 * Which sample lies at each place of the padded axis, from `margin` before it to as much behind: a triangle wave with
 * the period 2 (length - 1), or 2 length.
 */
function reflection(
  program: ProgramBuilder,
  length: StepIndex,
  padded: StepIndex,
  mode: 'reflect' | 'symmetric',
  margin = 0,
): StepIndex {
  const one = indexVector([1]);
  const doubled = (of: StepIndex): StepIndex => program.step('Mul', [of, indexVector([2])]);
  const period =
    mode === 'symmetric' ? doubled(length) : program.step('Max', [doubled(program.step('Sub', [length, one])), one]);
  const phase = program.step('Mod', [countAround(program, padded, margin), period]);
  const turn = mode === 'symmetric' ? program.step('Sub', [period, one]) : period;
  return program.step('Min', [phase, program.step('Sub', [turn, phase])]);
}

/** 0, 1, 2, ... before `length`, and by `margin` further on both sides. */
function countAround(program: ProgramBuilder, length: StepIndex, margin: number): StepIndex {
  if (margin === 0) return countTo(program, length);
  const count = countTo(program, program.step('Add', [length, indexVector([2 * margin])]));
  return program.step('Sub', [count, indexVector([margin])]);
}

/** @param places which rows, and which columns, follow each other */
function gathered(program: ProgramBuilder, planes: Planes, places: (length: StepIndex) => StepIndex): Planes {
  const { height, width } = program.sizeOf(planes);
  const rows = program.step('Gather', [planes.step, places(height)], { axis: 2 });
  return resized(planes, program.step('Gather', [rows, places(width)], { axis: 3 }));
}

function resized(planes: Planes, step: StepIndex): Planes {
  return { ...planes, step, extent: step };
}
