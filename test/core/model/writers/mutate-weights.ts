import type { Weight } from '../../../support/reference-evaluator.ts';
import { seededRandom } from './random-networks.ts';

/**
 * A checkpoint that is whole as a file, and wrong as a network: a few weights gone, renamed, exchanged, of other shapes
 * or with other values. The same seed damages in the same way.
 */
export function mutateWeights<W extends Weight>(weights: ReadonlyMap<string, W>, seed: number): ReadonlyMap<string, W> {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(((random() + 1) / 2) * limit) % Math.max(limit, 1);
  const changed = new Map(weights);
  for (let round = 0; round <= below(3); round++) {
    const keys = [...changed.keys()];
    const [key, other] = [keys[below(keys.length)] ?? '', keys[below(keys.length)] ?? ''];
    const [weight, exchanged] = [changed.get(key), changed.get(other)];
    if (weight === undefined || exchanged === undefined) continue;
    switch (below(6)) {
      case 0:
        changed.delete(key);
        break;
      case 1:
        changed.set(key, exchanged).set(other, weight);
        break;
      case 2:
        changed.delete(key);
        changed.set(key.replace(/\d/, `${below(12)}`), weight);
        break;
      case 3:
        changed.set(`${key.replace(/\d+/, `${below(12)}`)}`, weight);
        break;
      case 4:
        changed.set(key, reshaped(weight, below));
        break;
      default:
        changed.set(key, revalued(weight, below));
    }
  }
  return changed;
}

function reshaped<W extends Weight>(weight: W, below: (limit: number) => number): W {
  const { shape, data } = weight;
  const dimensions = [...shape];
  const axis = below(dimensions.length);
  if (below(4) === 0) dimensions.splice(axis, 1);
  else dimensions[axis] = EXTENTS[below(EXTENTS.length)] ?? 1;
  const count = dimensions.reduce((product, dimension) => product * dimension, 1);
  // A file that states more than it holds is refused before this.
  return count > MOST ? weight : { ...weight, shape: dimensions, data: new Float32Array(count).fill(data[0] ?? 1) };
}

function revalued<W extends Weight>(weight: W, below: (limit: number) => number): W {
  const data = weight.data.slice();
  data[below(data.length)] = VALUES[below(VALUES.length)] ?? 0;
  return { ...weight, data };
}

const EXTENTS = [0, 1, 2, 3, 4, 5, 9, 12, 16, 27, 48, 64, 300, 20_000];
const MOST = 200_000;
const VALUES = [0, -1, 1, 2, 3, 4, 5, 8, 1e30, -1e30, Number.NaN, Number.POSITIVE_INFINITY, 255];
