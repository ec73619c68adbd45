import type { StateDict } from '../checkpoint/state-dict.ts';
import { refused } from '../import/refusal.ts';

/** Length of one axis of a weight. @throws UpreelError `model-refused` if there is none */
export function axis(state: StateDict, key: string, index: number): number {
  const length = state.shape(key)?.[index];
  if (length === undefined || length < 1) throw refused(`${key} has the shape [${state.shape(key) ?? ''}].`);
  return length;
}

/** How many of the numbered keys there are without a gap, from `first` on. */
export function countConsecutive(state: StateDict, name: (index: number) => string, first = 0): number {
  let count = 0;
  while (state.has(name(first + count))) count++;
  return count;
}
