import type { Architecture } from '../descriptor.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import { isCunet } from '../ncnn/cunet.ts';

/** What a graph is, told from its layers. */
export interface Recognition {
  readonly architecture: Architecture;
  readonly summary: string;
  readonly decidedBy: readonly string[];
}

/** The family of a graph that came without key names (ncnn, ONNX). */
export function recognise(graph: Graph): Recognition {
  return recogniseCompact(graph) ?? recogniseRrdb(graph) ?? recogniseCunet(graph) ?? plainGraph(graph);
}

/** A chain of convolutions with activations between, PixelShuffle, and the enlarged input added. */
function recogniseCompact(graph: Graph): Recognition | undefined {
  const counts = countOps(graph.nodes);
  const isCompact =
    counts('conv') >= 3 &&
    counts('prelu') === counts('conv') - 1 &&
    counts('pixel-shuffle') === 1 &&
    counts('concat') === 0;
  if (!isCompact) return undefined;
  return {
    architecture: 'compact',
    summary: `${firstWidth(graph)} feat, ${counts('conv') - 2} conv`,
    decidedBy: ['a chain of Convolution and PReLU', 'one PixelShuffle', 'the enlarged input added'],
  };
}

/** Dense blocks of five convolutions, of which four read a concatenation; three blocks to an RRDB. */
function recogniseRrdb(graph: Graph): Recognition | undefined {
  const dense = graph.nodes.filter((node) => node.op === 'conv' && graph.nodes[node.input]?.op === 'concat').length;
  const blocks = dense / 12;
  const counts = countOps(graph.nodes);
  if (blocks < 1 || !Number.isInteger(blocks) || counts('conv') < 15 * blocks + 4) return undefined;
  return {
    architecture: 'rrdb',
    summary: `${firstWidth(graph)} feat, ${blocks} blocks`,
    decidedBy: [`${dense / 4} dense blocks of five Convolutions`, `${counts('resize')} nearest Interp`],
  };
}

function recogniseCunet(graph: Graph): Recognition | undefined {
  if (!isCunet(graph)) return undefined;
  return {
    architecture: 'graph',
    summary: `CUNet (waifu2x, Real-CUGAN), ${firstWidth(graph)} feat`,
    decidedBy: ['four Deconvolutions', 'four means over the whole picture that weight channels'],
  };
}

function plainGraph(graph: Graph): Recognition {
  const counts = countOps(graph.nodes);
  return {
    architecture: 'graph',
    summary: `${counts('conv')} convolutions, ${graph.nodes.length} layers`,
    decidedBy: ['translated layer by layer; no known family has this wiring'],
  };
}

function countOps(nodes: readonly Node[]): (op: Node['op']) => number {
  return (op) => nodes.filter((node) => node.op === op).length;
}

function firstWidth(graph: Graph): number {
  const first: Value = graph.nodes.findIndex((node) => node.op === 'conv');
  return graph.shapes[first]?.channels ?? 0;
}
