import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Value } from '../graph/graph.ts';
import { mergedConv3xc } from './conv3xc.ts';
import type { Layers } from './layers.ts';

/**
 * ESA (enhanced spatial attention, Liu et al. 2020), which RFDN and its descendants share: each sample times a weight
 * that is made at about a sixth of the size and stretched to the whole. Pictures too small for its pooling, which torch
 * refuses, have their border repeated.
 */
export function weightSpatially(graph: Layers, state: StateDict, input: Value, name: string): Value {
  const reduced = graph.named(input, `${name}.conv1`);
  const large = graph.append({ op: 'pad-to', input: reduced, least: LEAST_PX }, name);
  const halved = graph.strided(large, `${name}.conv2`, { kernel: 3, step: 2 });
  let small = graph.append({ op: 'max-pool', input: halved, size: 7, stride: 3 }, name);
  if (state.has(`${name}.conv_max.weight`)) {
    small = graph.unary(graph.named(small, `${name}.conv_max`), 'relu');
    small = graph.named(graph.unary(graph.named(small, `${name}.conv3`), 'relu'), `${name}.conv3_`);
  } else if (state.has(`${name}.conv3.weight`)) {
    small = graph.named(small, `${name}.conv3`);
  } else {
    const { weight, bias } = mergedConv3xc(state, `${name}.conv3`);
    small = graph.conv(small, weight, bias, `${name}.conv3`);
  }
  const stretched = graph.append({ op: 'resize-to', input: small, like: reduced }, name);
  const sum = graph.add(stretched, graph.named(reduced, `${name}.conv_f`));
  return graph.multiply(input, graph.unary(graph.named(sum, `${name}.conv4`), 'sigmoid'));
}

/** A kernel of 3 in steps of 2, then one of 7. */
const LEAST_PX = 15;
