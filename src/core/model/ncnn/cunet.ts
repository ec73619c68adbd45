import type { Graph } from '../graph/graph.ts';
import { GraphBuilder } from '../graph/graph-builder.ts';

/** waifu2x's CUNet and Real-CUGAN: two U-shaped halves, each weighting channels by means over the picture. */
export function isCunet({ nodes }: Graph): boolean {
  const count = (op: string) => nodes.filter((node) => node.op === op).length;
  return count('deconv') === 4 && count('global-mean') === 4;
}

/**
 * Real-CUGAN for x4 makes only what is to be added to the input enlarged by repetition; its authors add that outside
 * the network, so the file does not have it. It alone ends in a pixel shuffle.
 */
export function withBase(graph: Graph): Graph {
  const end = graph.nodes[graph.output];
  const output = graph.shapes[graph.output];
  if (!isCunet(graph) || end?.op !== 'pixel-shuffle' || output === undefined) return graph;
  const builder = new GraphBuilder();
  for (const node of graph.nodes) builder.append(node, `a ${node.op}`);
  const input = graph.nodes.findIndex((node) => node.op === 'input');
  const scale = output.height.numerator / output.height.denominator;
  const base = builder.append({ op: 'resize', input, mode: 'nearest', scale }, 'the enlarged input');
  return builder.finish(builder.add(graph.output, base));
}
