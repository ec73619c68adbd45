import type { Graph, Node } from './graph.ts';

/**
 * Whether the CPU provider (x64) computes a pixel with the same operations in the same order wherever the window lies
 * and however large it is, so that a result pixel that the window's borders do not reach has the same bits in every
 * window. Measured, with counterexamples for what is left out, in docs/reuse.md.
 */
export function isWindowExact(graph: Graph): boolean {
  return graph.nodes.every((node) => isExact(node, graph));
}

function isExact(node: Node, graph: Graph): boolean {
  switch (node.op) {
    case 'conv':
      return isBlockedConvolution(graph.shapes[node.input]!.channels, node.groups);
    case 'unary':
      // The others are polynomials, whose vectorised form may round otherwise than the one for the last few samples.
      return node.kind === 'relu';
    case 'resize':
      // Nearest copies. The others weigh by positions in float32, which are exact only for powers of two.
      return node.mode === 'nearest' || Number.isInteger(Math.log2(node.scale));
    case 'deconv':
    case 'global-mean':
    case 'resize-to':
      return false;
    default:
      return true;
  }
}

/**
 * onnxruntime's blocked convolution goes through the taps of each pixel in one order. Its other way, a matrix product,
 * sums in blocks that depend on the window's size. Which it takes depends on the input's channels.
 */
function isBlockedConvolution(channels: number, groups: number): boolean {
  return groups === 1 && (channels <= UNBLOCKED_CHANNELS || channels % BLOCK_CHANNELS === 0);
}

/** The widest vectors (AVX-512) hold 16. */
const BLOCK_CHANNELS = 16;
/** Fewer channels than the narrowest block of 8 are read as they lie. */
const UNBLOCKED_CHANNELS = 4;
