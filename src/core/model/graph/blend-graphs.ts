import { unsupported } from '../import/refusal.ts';
import { type Tensor, tensor } from '../tensor.ts';
import { type Graph, inputsOf, type Node } from './graph.ts';
import { layerSettings, tensorsOf } from './wiring.ts';

/**
 * (1 - alpha) * a + alpha * b over the weights of two graphs with the same layers in the same order.
 * @throws UpreelError `model-unsupported`, naming the first layer that differs
 */
export function blendGraphs(a: Graph, b: Graph, alpha: number): Graph {
  const nodes = a.nodes.map((node, index) => {
    const other = b.nodes[index];
    if (other === undefined || describe(node) !== describe(other)) {
      const found = other === undefined ? 'missing' : shortly(other);
      throw unsupported(
        `The two networks cannot be blended: layer ${index} is ${shortly(node)} in the first and ${found} in the second.`,
        HINT,
      );
    }
    return blendNode(node, other, alpha);
  });
  if (b.nodes.length > a.nodes.length || a.output !== b.output) {
    throw unsupported('The two networks cannot be blended: the second has more layers than the first.', HINT);
  }
  return { ...a, nodes };
}

/** (1 - alpha) * a + alpha * b, in float64 before it is stored as float32. */
export function blendTensors(a: Tensor, b: Tensor, alpha: number): Tensor {
  return tensor(
    a.shape,
    a.data.map((value, index) => (1 - alpha) * value + alpha * (b.data[index] ?? 0)),
  );
}

const HINT = 'Only networks of one architecture and size can be blended, usually one trained from the other.';

function blendNode(node: Node, other: Node, alpha: number): Node {
  const others = new Map(tensorsOf(other));
  const blended = tensorsOf(node).map(([field, weights]) => {
    return [field, blendTensors(weights, others.get(field) ?? weights, alpha)];
  });
  return { ...node, ...Object.fromEntries(blended) };
}

function describe(node: Node): string {
  return `${layerSettings(node, ({ shape }) => `[${shape}]`)} of ${inputsOf(node)}`;
}

function shortly(node: Node): string {
  const shapes = tensorsOf(node).map(([field, { shape }]) => `${field} [${shape}]`);
  return [node.op, ...shapes].join(' ');
}
