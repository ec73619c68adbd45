import type { Tensor } from '../tensor.ts';
import type { Graph, Node } from './graph.ts';

/** Trained numbers in the graph. */
export function countParameters(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + weightsOf(node).reduce((n, weight) => n + weight.data.length, 0), 0);
}

/**
 * Floating-point operations of the convolutions per input pixel; a multiply-add is two. The rest (activations,
 * additions, resizing) is well under 2 % of it in these networks.
 */
export function countFlopsPerPixel(graph: Graph): number {
  return graph.nodes.reduce((sum, node, value) => {
    // Each weight is used once for each sample of the side without the stride.
    const shape = graph.shapes[node.op === 'deconv' ? node.input : value];
    if ((node.op !== 'conv' && node.op !== 'deconv') || shape === undefined) return sum;
    const area =
      (shape.height.numerator * shape.width.numerator) / (shape.height.denominator * shape.width.denominator);
    return sum + 2 * node.weight.data.length * area;
  }, 0);
}

/** The trained tensors of a node, in a fixed order. */
function weightsOf(node: Node): readonly Tensor[] {
  switch (node.op) {
    case 'conv':
    case 'deconv':
      return node.bias === null ? [node.weight] : [node.weight, node.bias];
    case 'prelu':
      return [node.slope];
    case 'affine':
      return node.factor.data.length + node.offset.data.length === 2 ? [] : [node.factor, node.offset];
    default:
      return [];
  }
}
