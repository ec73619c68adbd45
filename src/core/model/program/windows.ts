import { type Tensor, tensor } from '../tensor.ts';
import { countTo, roundedUp } from './padding.ts';
import type { Operand, StepIndex } from './program.ts';
import {
  floatScalar,
  indexVector,
  type LengthVector,
  type Pixels,
  type Planes,
  type ProgramBuilder,
  type Rows,
  type Tokens,
} from './program-builder.ts';

export interface WindowShape {
  readonly height: number;
  readonly width: number;
  /** By how much the windows begin further down and to the right; those cut by the border go round it. */
  readonly shift?: readonly [y: number, x: number];
  /**
   * block: neighbours share a window. spread: a window holds every (H / height)th row and (W / width)th column, so that
   * it spans the picture.
   */
  readonly order?: 'block' | 'spread';
  /** Only queries are places of the picture: each key stands for so many of them, either way. Default 1. */
  readonly placesPerKey?: number;
}

/** A picture cut into windows: two gathers by indices that follow from its size while the program runs. */
export interface Windows {
  /** Places in one window. */
  readonly tokens: number;
  /** [windows, 1, tokens, keys]: keeps apart what only the shift has brought together; null without a shift. */
  readonly mask: StepIndex | null;
  split(pixels: Pixels): Tokens;
  join(tokens: Tokens): Pixels;
}

/**
 * Windows over pixels of any size.
 * @param multiple to which height and width are filled up with rows of zeros; null: they always are multiples
 */
export function cutWindows(
  program: ProgramBuilder,
  size: LengthVector,
  { height, width, shift = [0, 0], order = 'block', placesPerKey = 1 }: WindowShape,
  multiple: number | null,
): Windows {
  if (order === 'spread') program.takesInAll();
  const rows = cutAxis(program, size.height, { window: height, multiple, shift: shift[0], order });
  const columns = cutAxis(program, size.width, { window: width, multiple, shift: shift[1], order });
  const isWhole = multiple === null;
  const take = indicesOfWindows(program, size, { rows, columns, height, width }, isWhole);
  const back = placesInWindows(program, { rows, columns, height, width });
  const isShifted = shift.some((by) => by > 0);
  return {
    tokens: height * width,
    mask: isShifted ? seamMask(program, rows.count, columns.count, { height, width, shift, placesPerKey }) : null,
    split(pixels) {
      const source = isWhole ? pixels.step : withZeroRow(program, pixels);
      return { ...pixels, layout: 'tokens', step: program.step('Gather', [source, take]) };
    },
    join: (tokens) => ({ ...tokens, layout: 'pixels', step: program.step('Gather', [tokens.step, back]) }),
  };
}

/** The same rows and one of zeros behind them. */
export function withZeroRow(program: ProgramBuilder, rows: Rows): StepIndex {
  const zeros = tensor([1, rows.channels], new Float32Array(rows.channels));
  return program.step('Concat', [rows.step, zeros], { axis: 0 });
}

/** One axis cut into windows; int64 vectors. */
interface AxisCut {
  /** How many windows. */
  readonly count: StepIndex;
  /** Window by window, which row lies where: [count * length]. */
  readonly taken: StepIndex;
  /** For each row of the picture, its window and its place in there. */
  readonly window: StepIndex;
  readonly place: StepIndex;
}

interface AxisWindows {
  readonly window: number;
  readonly multiple: number | null;
  readonly shift: number;
  readonly order: 'block' | 'spread';
}

function cutAxis(program: ProgramBuilder, length: StepIndex, { window, multiple, shift, order }: AxisWindows): AxisCut {
  const op = (operator: string, ...inputs: Operand[]): StepIndex => program.step(operator, inputs);
  const padded = multiple === null ? length : roundedUp(program, length, multiple);
  const count = op('Div', padded, indexVector([window]));
  const [all, own] = [countTo(program, padded), countTo(program, length)];
  if (order === 'spread') {
    const spread = op('Reshape', all, indexVector([window, -1]));
    const taken = op('Reshape', program.step('Transpose', [spread], { perm: [1, 0] }), indexVector([-1]));
    return { count, taken, window: op('Mod', own, count), place: op('Div', own, count) };
  }
  const taken = shift === 0 ? all : op('Mod', op('Add', all, indexVector([shift])), padded);
  const behind = shift === 0 ? own : op('Mod', op('Add', own, op('Sub', padded, indexVector([shift]))), padded);
  const side = indexVector([window]);
  return { count, taken, window: op('Div', behind, side), place: op('Mod', behind, side) };
}

interface WindowCut {
  readonly rows: AxisCut;
  readonly columns: AxisCut;
  readonly height: number;
  readonly width: number;
}

/** For each token, which row of the pixels it is; the one behind the last where it lies outside of the picture. */
function indicesOfWindows(
  program: ProgramBuilder,
  size: LengthVector,
  { rows, columns, height, width }: WindowCut,
  isWhole: boolean,
): StepIndex {
  const op = (operator: string, ...inputs: Operand[]): StepIndex => program.step(operator, inputs);
  const y = op('Reshape', rows.taken, indexVector([-1, 1, height, 1]));
  const x = op('Reshape', columns.taken, indexVector([1, -1, 1, width]));
  const index = op('Add', op('Mul', y, size.width), x);
  if (isWhole) return op('Reshape', index, indexVector([-1]));
  const isInside = op('And', op('Less', y, size.height), op('Less', x, size.width));
  return op('Reshape', op('Where', isInside, index, op('Mul', size.height, size.width)), indexVector([-1]));
}

/** For each pixel, which token it is. */
function placesInWindows(program: ProgramBuilder, { rows, columns, height, width }: WindowCut): StepIndex {
  const op = (operator: string, ...inputs: Operand[]): StepIndex => program.step(operator, inputs);
  const tokens = indexVector([height * width]);
  const rowOfWindows = op('Mul', columns.count, tokens);
  const y = op('Add', op('Mul', rows.window, rowOfWindows), op('Mul', rows.place, indexVector([width])));
  const x = op('Add', op('Mul', columns.window, tokens), columns.place);
  const index = op('Add', op('Reshape', y, indexVector([-1, 1])), op('Reshape', x, indexVector([1, -1])));
  return op('Reshape', index, indexVector([-1]));
}

interface ShiftedWindow {
  readonly height: number;
  readonly width: number;
  readonly shift: readonly [number, number];
  readonly placesPerKey: number;
}

/**
 * Shifted windows of the last row and column hold both ends of the picture. Swin's mask subtracts 100 between places of
 * different ends, which is the same for all windows but those: four kinds, chosen for each window.
 */
function seamMask(program: ProgramBuilder, rows: StepIndex, columns: StepIndex, window: ShiftedWindow): StepIndex {
  const op = (operator: string, ...inputs: Operand[]): StepIndex => program.step(operator, inputs);
  const isLast = (count: StepIndex): StepIndex => {
    const last = op('Equal', countTo(program, count), op('Sub', count, indexVector([1])));
    return program.step('Cast', [last], { to: INT64 });
  };
  const row = op('Mul', op('Reshape', isLast(rows), indexVector([-1, 1])), indexVector([2]));
  const kinds = op('Reshape', op('Add', row, op('Reshape', isLast(columns), indexVector([1, -1]))), indexVector([-1]));
  const { queries, keys } = endsByKind(window);
  const own = op('Reshape', op('Gather', queries, kinds), indexVector([0, 1, -1, 1]));
  const others = op('Reshape', op('Gather', keys, kinds), indexVector([0, 1, 1, -1]));
  return op('Where', op('Equal', own, others), floatScalar(0), floatScalar(MASKED));
}

/** TensorProto.DataType */
const INT64 = 7;

/**
 * At which ends of the picture each place of a window lies, as a number: [4, tokens] and [4, keys] for windows that lie
 * inside, in the last column, in the last row, and in both.
 */
function endsByKind({ height, width, shift, placesPerKey }: ShiftedWindow): { queries: Tensor; keys: Tensor } {
  const [down, right] = [height / placesPerKey, width / placesPerKey];
  const narrow = [Math.ceil(shift[0] / placesPerKey), Math.ceil(shift[1] / placesPerKey)] as const;
  const ends = (places: readonly { y: boolean; x: boolean }[]): Tensor => {
    const kinds = [0, 1, 2, 3].flatMap((kind) => places.map(({ y, x }) => kind & ((y ? 2 : 0) + (x ? 1 : 0))));
    return tensor([4, places.length], Float32Array.from(kinds));
  };
  return { queries: ends(wrappedPlaces(height, width, shift)), keys: ends(wrappedPlaces(down, right, narrow)) };
}

/** For each place of a window that holds both ends of an axis, whether it is of the beginning. */
function wrappedPlaces(height: number, width: number, shift: readonly [number, number]): { y: boolean; x: boolean }[] {
  return Array.from({ length: height * width }, (_, place) => ({
    y: Math.floor(place / width) >= height - shift[0],
    x: place % width >= width - shift[1],
  }));
}

const MASKED = -100;

/** The windows as pictures of their own, one batch: convolutions end at their borders. */
export function planesOfWindows(program: ProgramBuilder, tokens: Tokens, side: number): Planes {
  const split = program.step('Reshape', [tokens.step, indexVector([-1, side, side, tokens.channels])]);
  const step = program.step('Transpose', [split], { perm: [0, 3, 1, 2] });
  return { ...tokens, layout: 'planes', step, extent: step };
}

/** Back from `planesOfWindows`. */
export function tokensOfWindows(program: ProgramBuilder, planes: Planes): Tokens {
  const turned = program.step('Transpose', [planes.step], { perm: [0, 2, 3, 1] });
  const step = program.step('Reshape', [turned, indexVector([-1, planes.channels])]);
  return { ...planes, layout: 'tokens', step };
}
