import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Value } from '../graph/graph.ts';
import { refused } from '../import/refusal.ts';
import type { Layers } from './layers.ts';

/**
 * The picture as EDSR and its descendants take it: on 0..255 with the mean of DIV2K taken off, which the authors store
 * as a convolution `sub_mean`, and which may have been trained on; with that, the range is the one of its biases.
 */
export function withoutMean(graph: Layers, state: StateDict): Value {
  const input = graph.input(3);
  if (state.has('sub_mean.weight')) return graph.named(scaled(graph, input, whiteOf(state)), 'sub_mean');
  return graph.affine(
    input,
    [255],
    DIV2K_MEAN.map((mean) => -255 * mean),
  );
}

/** The opposite, with `add_mean`. */
export function withMean(graph: Layers, state: StateDict, value: Value): Value {
  if (state.has('add_mean.weight')) return scaled(graph, graph.named(value, 'add_mean'), 1 / whiteOf(state));
  return graph.affine(value, [1 / 255], DIV2K_MEAN);
}

function scaled(graph: Layers, value: Value, factor: number): Value {
  return factor === 1 ? value : graph.times(value, factor);
}

/** The mean is near half of white, so its size tells 255 from 1. */
function whiteOf(state: StateDict): number {
  const mean = state.tensor('sub_mean.bias', 1).data;
  if (mean.length !== 3) throw refused(`sub_mean.bias has ${mean.length} values.`);
  return Math.max(...mean.map(Math.abs)) > 2 ? 255 : 1;
}

const DIV2K_MEAN = [0.4488, 0.4371, 0.404];
