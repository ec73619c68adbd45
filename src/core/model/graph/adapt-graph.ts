import { tensor } from '../tensor.ts';
import type { Graph, Value } from './graph.ts';
import { GraphBuilder, rebuild, scalar } from './graph-builder.ts';

/** How a network's samples differ from RGB 0..1. */
export interface SampleFormat {
  readonly white: 1 | 255;
  /** -1: black is as far below zero as white is above. */
  readonly black: 0 | -1;
  readonly order: 'rgb' | 'bgr';
}

/** The network with RGB 0..1 on both sides. */
export function adaptGraph(graph: Graph, { white, black, order }: SampleFormat): Graph {
  const channels = graph.shapes[0]?.channels ?? 3;
  const isSwapped = order === 'bgr' && channels === 3;
  if (white === 1 && black === 0 && !isSwapped) return graph;
  const builder = new GraphBuilder();
  const swapped = (value: Value) =>
    isSwapped ? builder.conv(value, reversal(), null, 'the order of channels') : value;
  const scaled = (value: Value, factor: number, offset: number) =>
    factor === 1
      ? value
      : builder.append({ op: 'affine', input: value, factor: scalar(factor), offset: scalar(offset) }, 'the range');
  const span = white - black;
  return rebuild(
    graph,
    builder,
    (node) => {
      const value = builder.append(node, `a ${node.op}`);
      return node.op === 'input' ? scaled(swapped(value), span, black) : value;
    },
    (output) => scaled(swapped(output), 1 / span, -black / span),
  );
}

/** RGB to BGR and back. */
function reversal() {
  return tensor([3, 3, 1, 1], Float32Array.of(0, 0, 1, 0, 1, 0, 1, 0, 0));
}
