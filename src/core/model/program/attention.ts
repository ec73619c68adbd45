import { refused } from '../import/refusal.ts';
import type { Tensor } from '../tensor.ts';
import { type PairIndex, relativeIndex } from './pair-index.ts';
import type { StepIndex } from './program.ts';
import { floatScalar, indexVector, type ProgramBuilder, type Rows, type Tokens } from './program-builder.ts';

export interface AttentionShape {
  readonly heads: number;
  /** Queries in one window. */
  readonly tokens: number;
  /** Keys and values in one window; default: as many. */
  readonly keys?: number;
  /** [heads, tokens, keys], or null. */
  readonly bias: StepIndex | null;
  /** [windows, 1, tokens, keys], or null. */
  readonly mask?: StepIndex | null;
  /** Of the products; default: one over the square root of a head's channels. */
  readonly scale?: number;
  /**
   * Compares directions: queries and keys are brought to length 1, and each head's products are multiplied by its own
   * of these [heads, 1, 1] instead of `scale`.
   */
  readonly directions?: Tensor | null;
}

/** softmax(q k^T scale + bias + mask) v within each window and head. */
export function attend(program: ProgramBuilder, q: Tokens, k: Tokens, v: Tokens, shape: AttentionShape): Tokens {
  const { heads, tokens, keys = tokens, bias, mask = null } = shape;
  const width = checkHeads(q.channels, heads);
  if (k.channels !== q.channels) throw refused(`it compares ${q.channels} with ${k.channels} channels.`);
  const queries = splitHeads(program, q, heads, tokens, [0, 2, 1, 3]);
  const values = splitHeads(program, v, heads, keys, [0, 2, 1, 3]);
  let weights: StepIndex;
  if (shape.directions) {
    const rows = unitRows(program, splitHeads(program, k, heads, keys, [0, 2, 1, 3]));
    const turned = program.step('Transpose', [rows], { perm: [0, 1, 3, 2] });
    weights = program.step('Mul', [program.step('MatMul', [unitRows(program, queries), turned]), shape.directions]);
  } else {
    const scaled = program.step('Mul', [queries, floatScalar(shape.scale ?? width ** -0.5)]);
    weights = program.step('MatMul', [scaled, splitHeads(program, k, heads, keys, [0, 2, 3, 1])]);
  }
  if (bias !== null) weights = program.step('Add', [weights, bias]);
  if (mask !== null) weights = program.step('Add', [weights, mask]);
  const made = program.step('MatMul', [program.step('Softmax', [weights], { axis: -1 }), values]);
  program.countWork(keys * (q.channels + v.channels) * q.density);
  return joinHeads(program, { ...q, channels: v.channels }, made, [0, 2, 1, 3]);
}

/**
 * Attention between channels (XCiT, Restormer): each head's channels are compared over all places of a window, or, for
 * `across`, of the same place in all windows. Queries and keys have length 1; `temperature` [heads, 1, 1].
 */
export function attendChannels<T extends Rows>(
  program: ProgramBuilder,
  q: T,
  k: T,
  v: T,
  shape: { heads: number; tokens: number | 'all'; temperature: string; across?: boolean },
): T {
  const { heads, tokens, across = false } = shape;
  const width = checkHeads(q.channels, heads);
  if (k.channels !== q.channels || v.channels !== q.channels) {
    throw refused(`it compares ${q.channels} with ${k.channels} channels.`);
  }
  if (across || tokens === 'all') program.takesInAll();
  // [windows, tokens, heads, width] -> [windows, heads, width, tokens] or [tokens, heads, width, windows]
  const perm = across ? [1, 2, 3, 0] : [0, 2, 3, 1];
  const [queries, keys, values] = [q, k, v].map((each) => splitHeads(program, each, heads, tokens, perm));
  const turned = program.step('Transpose', [unitRows(program, keys!)], { perm: [0, 1, 3, 2] });
  const alike = program.step('MatMul', [unitRows(program, queries!), turned]);
  const weights = program.step('Mul', [alike, program.weight(shape.temperature, [heads, 1, 1])]);
  const made = program.step('MatMul', [program.step('Softmax', [weights], { axis: -1 }), values!]);
  program.countWork(2 * width * q.channels * q.density);
  return joinHeads(program, q, made, across ? [3, 0, 1, 2] : [0, 3, 1, 2]);
}

/**
 * Attention whose weights are a product of two softmaxes less one (Shen et al. 2021): keys are weighed over the places
 * of a window, and what they gather of the values is read by the queries. Its work grows with the places, not their
 * square.
 */
export function attendLinearly(
  program: ProgramBuilder,
  q: Tokens,
  k: Tokens,
  v: Tokens,
  { heads, tokens }: { heads: number; tokens: number },
): Tokens {
  const width = checkHeads(q.channels, heads);
  if (k.channels !== q.channels) throw refused(`it compares ${q.channels} with ${k.channels} channels.`);
  const keys = program.step('Softmax', [splitHeads(program, k, heads, tokens, [0, 2, 3, 1])], { axis: -1 });
  const gathered = program.step('MatMul', [keys, splitHeads(program, v, heads, tokens, [0, 2, 1, 3])]);
  const queries = splitHeads(program, q, heads, tokens, [0, 2, 1, 3]);
  const scaled = program.step('Mul', [queries, floatScalar(width ** -0.5)]);
  program.countWork(2 * width * q.channels * q.density);
  return joinHeads(program, q, program.step('MatMul', [scaled, gathered]), [0, 2, 1, 3]);
}

/** Each row (the last axis) brought to length 1; one of zeros stays as it is. */
export function unitRows(program: ProgramBuilder, step: StepIndex): StepIndex {
  const length = program.step('ReduceL2', [step], { axes: [-1], keepdims: 1 });
  return program.step('Div', [step, program.step('Max', [length, floatScalar(1e-12)])]);
}

/**
 * A trained number for each head and each offset between two places of a window: `table` [offsets, heads], of which
 * `index` names one for each pair. Returns [heads, tokens, keys].
 */
export function relativeBias(
  program: ProgramBuilder,
  table: StepIndex | Tensor,
  index: PairIndex,
  shape: { heads: number; tokens: number; keys?: number },
): StepIndex {
  const { heads, tokens, keys = tokens } = shape;
  const whole = indexVector([heads, tokens, keys]);
  if (index.kind === 'pairs') {
    const pairs = program.step('Gather', [table, index.offsets]);
    return program.step('Reshape', [program.step('Transpose', [pairs], { perm: [1, 0] }), whole]);
  }
  const byHead = program.step('Transpose', [table], { perm: [1, 0] });
  const runs = program.step('Gather', [byHead, index.runs], { axis: 1 });
  // Left to itself, onnxruntime makes the matrices of all blocks when it loads the network, and keeps them.
  const rows = program.step('Gather', [runs, program.atRunTime(index.places)], { axis: 1 });
  return program.step('Reshape', [rows, whole]);
}

/** `relativeIndex`, the same for all blocks. */
export function sharedIndex(program: ProgramBuilder, height: number, width: number): PairIndex {
  return program.table(`offsets of ${height}x${width}`, () => relativeIndex(height, width));
}

/** @param tokens of a window; all: the whole picture is one */
function splitHeads(
  program: ProgramBuilder,
  rows: Rows,
  heads: number,
  tokens: number | 'all',
  perm: number[],
): StepIndex {
  const width = checkHeads(rows.channels, heads);
  const windows = tokens === 'all' ? [1, -1] : [-1, tokens];
  const split = program.step('Reshape', [rows.step, indexVector([...windows, heads, width])]);
  return program.step('Transpose', [split], { perm });
}

function joinHeads<T extends Rows>(program: ProgramBuilder, rows: T, step: StepIndex, perm: number[]): T {
  const turned = program.step('Transpose', [step], { perm });
  return { ...rows, step: program.step('Reshape', [turned, indexVector([-1, rows.channels])]) };
}

function checkHeads(channels: number, heads: number): number {
  const width = channels / heads;
  if (!Number.isInteger(width) || width < 1) throw refused(`it has ${channels} channels for ${heads} heads.`);
  return width;
}
