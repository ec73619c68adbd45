import { StateDict } from '../checkpoint/state-dict.ts';
import type { Architecture } from '../descriptor.ts';
import type { Graph } from '../graph/graph.ts';
import { wiring } from '../graph/wiring.ts';
import type { Tensor } from '../tensor.ts';
import { buildFromWeights } from './detect.ts';

/**
 * The weights of a graph that came without key names (ncnn, ONNX) under those of its family, or undefined if the names
 * do not give exactly this graph again.
 */
export function nameWeights(graph: Graph, architecture: Architecture): StateDict | undefined {
  const names = architecture === 'compact' ? compactNames(graph) : architecture === 'rrdb' ? rrdbNames(graph) : [];
  const layers = graph.nodes.filter((node) => node.op === 'conv' || node.op === 'prelu');
  if (layers.length !== names.length) return undefined;
  const weights = new Map<string, Tensor>();
  layers.forEach((layer, index) => {
    weights.set(`${names[index]}.weight`, layer.op === 'conv' ? layer.weight : layer.slope);
    if (layer.op === 'conv' && layer.bias !== null) weights.set(`${names[index]}.bias`, layer.bias);
  });
  const state = new StateDict(new Map([...weights].map(([key, weight]) => [key, stored(weight)])));
  return isRebuilt(graph, state, weights) ? state : undefined;
}

function compactNames(graph: Graph): string[] {
  const layers = graph.nodes.filter((node) => node.op === 'conv' || node.op === 'prelu');
  return layers.map((_, index) => `body.${index}`);
}

function rrdbNames(graph: Graph): string[] {
  const convolutions = graph.nodes.filter((node) => node.op === 'conv').length;
  const doublings = graph.nodes.filter((node) => node.op === 'resize').length;
  const blocks = (convolutions - 4 - doublings) / 15;
  if (!Number.isInteger(blocks) || blocks < 1) return [];
  const trunk = Array.from({ length: 15 * blocks }, (_, index) => {
    return `body.${Math.floor(index / 15)}.rdb${(Math.floor(index / 5) % 3) + 1}.conv${(index % 5) + 1}`;
  });
  const ups = Array.from({ length: doublings }, (_, index) => `conv_up${index + 1}`);
  return ['conv_first', ...trunk, 'conv_body', ...ups, 'conv_hr', 'conv_last'];
}

function stored(weight: Tensor) {
  return { shape: weight.shape, type: 'float32', read: () => weight } as const;
}

function isRebuilt(graph: Graph, state: StateDict, weights: ReadonlyMap<string, Tensor>): boolean {
  const keys = new Map([...weights].map(([key, weight]) => [weight, key]));
  const nameOf = (tensor: Tensor) => keys.get(tensor) ?? `${tensor.shape}: ${tensor.data.slice(0, 8)}`;
  try {
    const built = buildFromWeights(state, '');
    return built.kind === 'graph' && wiring(built.graph, nameOf) === wiring(graph, nameOf);
  } catch {
    // The names asked for layers of other shapes: it only looked like the family.
    return false;
  }
}
