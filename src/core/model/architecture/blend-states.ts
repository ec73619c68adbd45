import { StateDict } from '../checkpoint/state-dict.ts';
import type { StoredTensor } from '../checkpoint/stored-tensor.ts';
import { blendTensors } from '../graph/blend-graphs.ts';
import { unsupported } from '../import/refusal.ts';

/**
 * (1 - alpha) * a + alpha * b over named weights (network interpolation, ESRGAN section 3.4).
 * @throws UpreelError `model-unsupported`, naming the first key that one of them lacks or whose shapes differ
 */
export function blendStates(a: StateDict, b: StateDict, alpha: number): StateDict {
  const extra = b.keys.find((key) => !a.has(key));
  const blended = new Map<string, StoredTensor>();
  for (const key of a.keys) {
    const [shape, other] = [a.shape(key), b.shape(key)];
    if (shape === undefined || other === undefined || `${shape}` !== `${other}`) {
      throw mismatch(key, shape, other);
    }
    // Counters and the like take no part in the network.
    if (!a.holdsWeights(key) || !b.holdsWeights(key)) continue;
    const tensor = blendTensors(a.tensor(key, shape.length), b.tensor(key, shape.length), alpha);
    blended.set(key, { shape, type: 'float32', read: () => tensor });
  }
  if (extra !== undefined) throw mismatch(extra, undefined, b.shape(extra));
  return new StateDict(blended);
}

function mismatch(key: string, first: readonly number[] | undefined, second: readonly number[] | undefined) {
  const told = (shape: readonly number[] | undefined) => (shape === undefined ? 'missing' : `[${shape.join(', ')}]`);
  return unsupported(
    `The two networks cannot be blended: ${key} is ${told(first)} in the first and ${told(second)} in the second.`,
    'Only networks of one architecture and size can be blended, usually one trained from the other.',
  );
}
