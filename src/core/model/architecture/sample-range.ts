import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Value } from '../graph/graph.ts';
import type { Layers } from './layers.ts';

/**
 * White of the samples that a network of RFDN's kin was trained on. Its authors took 0..255, others take 0..1, and the
 * file does not say; but the biases of its first layer grow with the range. Their mean size is 0.55 to 1.13 in the six
 * published ones for 0..255; torch begins with 0.1, and IMDN, which is for 0..1, has 0.02.
 */
export function whiteFromBiases(state: StateDict, firstLayer: string): 1 | 255 {
  const biases = state.tensor(`${firstLayer}.bias`, 1).data;
  const mean = biases.reduce((sum, bias) => sum + Math.abs(bias), 0) / biases.length;
  return mean > BETWEEN ? 255 : 1;
}

const BETWEEN = 0.3;

/** A network on samples up to `white` for those up to 1. */
export function onRange(graph: Layers, white: 1 | 255, input: Value, layers: (value: Value) => Value): Value {
  return white === 1 ? layers(input) : graph.times(layers(graph.times(input, white)), 1 / white);
}
