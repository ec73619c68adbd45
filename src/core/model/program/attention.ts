import { refused } from '../refusal.ts';
import type { IndexTensor, Tensor } from '../tensor.ts';
import type { StepIndex } from './program.ts';
import { floatScalar, indexVector, type ProgramBuilder, type Tokens } from './program-builder.ts';

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
}

/** softmax(q k^T scale + bias + mask) v within each window and head. */
export function attend(program: ProgramBuilder, q: Tokens, k: Tokens, v: Tokens, shape: AttentionShape): Tokens {
  const { heads, tokens, keys = tokens, bias, mask = null } = shape;
  const width = checkHeads(q.channels, heads);
  if (k.channels !== q.channels) throw refused(`it compares ${q.channels} with ${k.channels} channels.`);
  const scale = shape.scale ?? width ** -0.5;
  const queries = splitHeads(program, q, heads, tokens, [0, 2, 1, 3]);
  const turnedKeys = splitHeads(program, k, heads, keys, [0, 2, 3, 1]);
  const values = splitHeads(program, v, heads, keys, [0, 2, 1, 3]);
  let weights = program.step('MatMul', [program.step('Mul', [queries, floatScalar(scale)]), turnedKeys]);
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
export function attendChannels(
  program: ProgramBuilder,
  q: Tokens,
  k: Tokens,
  v: Tokens,
  shape: { heads: number; tokens: number; temperature: string; across?: boolean },
): Tokens {
  const { heads, tokens, across = false } = shape;
  const width = checkHeads(q.channels, heads);
  if (k.channels !== q.channels || v.channels !== q.channels) {
    throw refused(`it compares ${q.channels} with ${k.channels} channels.`);
  }
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

/** Each row (the last axis) brought to length 1; one of zeros stays as it is. */
export function unitRows(program: ProgramBuilder, step: StepIndex): StepIndex {
  const length = program.step('ReduceL2', [step], { axes: [-1], keepdims: 1 });
  return program.step('Div', [step, program.step('Max', [length, floatScalar(1e-12)])]);
}

/**
 * A trained number for each head and each offset between two places of a window: `table` [offsets, heads], of which
 * `index` [tokens * keys] names one for each pair. Returns [heads, tokens, keys].
 */
export function relativeBias(
  program: ProgramBuilder,
  table: StepIndex | Tensor,
  index: IndexTensor,
  shape: { heads: number; tokens: number; keys?: number },
): StepIndex {
  const { heads, tokens, keys = tokens } = shape;
  const pairs = program.step('Gather', [table, index]);
  const turned = program.step('Transpose', [pairs], { perm: [1, 0] });
  return program.step('Reshape', [turned, indexVector([heads, tokens, keys])]);
}

/**
 * Swin's numbering of offsets: (dy + height - 1) * (2 width - 1) + dx + width - 1 for the offset from the key to the
 * query, queries first.
 * @param placesPerKey each key stands for so many places either way, and queries among them share an offset
 */
export function relativeIndex(height: number, width: number, placesPerKey = 1): IndexTensor {
  const queryWidth = width * placesPerKey;
  return pairIndex(height * width * placesPerKey ** 2, height * width, (query, key) => {
    const dy = Math.floor(Math.floor(query / queryWidth) / placesPerKey) - Math.floor(key / width);
    const dx = Math.floor((query % queryWidth) / placesPerKey) - (key % width);
    return (dy + height - 1) * (2 * width - 1) + dx + width - 1;
  });
}

/** An index for each pair of a query and a key. */
export function pairIndex(queries: number, keys: number, indexOf: (query: number, key: number) => number): IndexTensor {
  const indices = Int32Array.from({ length: queries * keys }, (_, pair) =>
    indexOf(Math.floor(pair / keys), pair % keys),
  );
  return { shape: [indices.length], indices };
}

function splitHeads(program: ProgramBuilder, rows: Tokens, heads: number, tokens: number, perm: number[]): StepIndex {
  const width = checkHeads(rows.channels, heads);
  const split = program.step('Reshape', [rows.step, indexVector([-1, tokens, heads, width])]);
  return program.step('Transpose', [split], { perm });
}

function joinHeads(program: ProgramBuilder, rows: Tokens, step: StepIndex, perm: number[]): Tokens {
  const turned = program.step('Transpose', [step], { perm });
  return { ...rows, step: program.step('Reshape', [turned, indexVector([-1, rows.channels])]) };
}

function checkHeads(channels: number, heads: number): number {
  const width = channels / heads;
  if (!Number.isInteger(width) || width < 1) throw refused(`it has ${channels} channels for ${heads} heads.`);
  return width;
}
