import type { Value } from '../graph/graph.ts';
import type { Layers } from './layers.ts';

/**
 * Layers that were trained on luma of Rec. 601 in limited range (16 to 235 of 255, as MATLAB's rgb2ycbcr gives it) for
 * luma of 0..1. What they make is cut off at 0 and 255, as their authors do before they put the colours back.
 */
export function onLimitedLuma(graph: Layers, luma: Value, layers: (value: Value) => Value): Value {
  const made = layers(graph.affine(luma, [219 / 255], [16 / 255]));
  const clipped = graph.append({ op: 'clip', input: made, low: 0, high: 1 }, 'the range of luma');
  return graph.affine(clipped, [255 / 219], [-16 / 219]);
}
