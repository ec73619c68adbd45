import { attend } from './attention.ts';
import { countTo, roundedUp } from './padding.ts';
import type { Operand, StepIndex } from './program.ts';
import { indexVector, type Pixels } from './program-builder.ts';
import type { ProgramLayers } from './program-layers.ts';
import { splitQkv } from './swin-attention.ts';

/**
 * ATD's attention within categories: places are sorted by the entry that they are most like, and each is compared with
 * those of the same run of `size` places; the last run is filled up with its own end, mirrored.
 * @param qkv queries, keys and values side by side
 * @param likeness [places, entries]
 */
export function attendCategories(
  layers: ProgramLayers,
  qkv: Pixels,
  likeness: StepIndex,
  { heads, size, scale }: { heads: number; size: number; scale: number },
): Pixels {
  const op = (operator: string, ...inputs: Operand[]): StepIndex => layers.step(operator, inputs);
  layers.takesInAll();
  const { height, width } = layers.sizeOf(qkv);
  const count = op('Mul', height, width);
  const best = layers.step('ArgMax', [likeness], { axis: 1, keepdims: 0 });
  const order = sortedOrder(layers, best, count);

  const places = countTo(layers, roundedUp(layers, count, size));
  const mirrored = op('Sub', op('Sub', op('Mul', count, indexVector([2])), indexVector([1])), places);
  const taken = op('Gather', order, op('Min', places, mirrored));
  const runs = { ...qkv, layout: 'tokens', step: op('Gather', qkv.step, taken) } as const;
  const [q, k, v] = splitQkv(layers, runs);
  const made = attend(layers, q, k, v, { heads, tokens: size, bias: null, scale });
  return { ...made, layout: 'pixels', step: op('Gather', made.step, sortedOrder(layers, order, count)) };
}

/**
 * The order that sorts whole numbers from 0 on, equal ones as they stand; that of a permutation is its inverse. By
 * numbers of which no two are equal, so that it does not depend on how they are sorted.
 */
function sortedOrder(layers: ProgramLayers, numbers: StepIndex, count: StepIndex): StepIndex {
  const distinct = layers.step('Add', [layers.step('Mul', [numbers, count]), countTo(layers, count)]);
  const sorted = layers.step('TopK', [distinct, count], { largest: 0, sorted: 1, axis: 0 }, 1);
  return layers.step('Mod', [sorted, count]);
}
