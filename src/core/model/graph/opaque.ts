import type { Graph } from './graph.ts';
import { GraphBuilder, rebuild, scalar } from './graph-builder.ts';

/**
 * A network of RGB and opacity as one of RGB: it sees every pixel as opaque, and the opacity that it makes is left out.
 * Others are given back as they are.
 */
export function asOpaque(graph: Graph): Graph {
  const isOpacity = graph.shapes[0]?.channels === 4 && graph.shapes[graph.output]?.channels === 4;
  if (!isOpacity) return graph;
  const builder = new GraphBuilder();
  return rebuild(
    graph,
    builder,
    (node) => {
      if (node.op !== 'input') return builder.append(node, `a ${node.op}`);
      const rgb = builder.input(3);
      const plane = builder.append({ op: 'channels', input: rgb, start: 0, end: 1 }, 'the opacity');
      const opaque = { op: 'affine', input: plane, factor: scalar(0), offset: scalar(1) } as const;
      return builder.append({ op: 'concat', inputs: [rgb, builder.append(opaque, 'the opacity')] }, 'the opacity');
    },
    (output) => builder.append({ op: 'channels', input: output, start: 0, end: 3 }, 'the colours'),
  );
}
