import { blendStates } from '../architecture/blend-states.ts';
import { buildFromWeights } from '../architecture/detect.ts';
import { nameWeights } from '../architecture/name-weights.ts';
import type { StateDict } from '../checkpoint/state-dict.ts';
import { blendGraphs } from '../graph/blend-graphs.ts';
import type { NamedNetwork, ReadNetwork } from '../import/import-network.ts';
import { unsupported } from '../import/refusal.ts';

/**
 * (1 - alpha) * a + alpha * b. By key names if both have them (or are of a family whose names are known), so that files
 * of different formats go together; else layer by layer.
 * @param fileName of the result, for what some families read off it
 * @throws UpreelError `model-unsupported`, naming the first mismatch
 */
export function blendNetworks(a: ReadNetwork, b: ReadNetwork, alpha: number, fileName: string): NamedNetwork {
  if (a.kind === 'foreign' || b.kind === 'foreign') {
    throw unsupported('A network that upreel runs as it is, without understanding its layers, cannot be blended.');
  }
  const [first, second] = [namedWeights(a), namedWeights(b)];
  if (first !== undefined && second !== undefined) {
    return buildFromWeights(blendStates(first, second, alpha), fileName);
  }
  if (a.kind !== 'graph' || b.kind !== 'graph') {
    throw unsupported(
      'The two networks cannot be blended: one has names for its weights and the other none.',
      'Only networks of one architecture and size can be blended, usually one trained from the other.',
    );
  }
  return { kind: 'graph', graph: blendGraphs(a.graph, b.graph, alpha), recognition: a.recognition };
}

/** The network's weights under its family's names, if it has such. */
export function namedWeights(network: NamedNetwork): StateDict | undefined {
  if (network.kind === 'program' || network.weights !== undefined) return network.weights;
  return nameWeights(network.graph, network.recognition.architecture);
}
