import type { Graph } from './graph.ts';
import { GraphBuilder, rebuild } from './graph-builder.ts';

/**
 * Networks of convolutions without padding give a picture that lacks a margin all around. If it is the same on all
 * sides and a whole number of input pixels, the picture's border is repeated outwards by as much, so that the output is
 * a whole number of times the input; as waifu2x-ncnn and realcugan-ncnn do it outside the network.
 */
export function padInput(graph: Graph): Graph {
  const marginPx = missingMargin(graph);
  if (marginPx === 0) return graph;
  const builder = new GraphBuilder();
  const padding = { top: marginPx, left: marginPx, bottom: marginPx, right: marginPx };
  return rebuild(graph, builder, (node) => {
    const value = builder.append(node, `a ${node.op}`);
    return node.op === 'input' ? builder.append({ op: 'pad', input: value, padding }, 'the margin') : value;
  });
}

/** Input pixels that the output lacks on each side; 0 if that is not one whole number. */
function missingMargin(graph: Graph): number {
  const output = graph.shapes[graph.output];
  if (output === undefined) return 0;
  const { height, width } = output;
  const margin = (-height.offset * height.denominator) / (2 * height.numerator);
  const isSame = height.offset === width.offset && height.numerator === width.numerator;
  return isSame && Number.isInteger(margin) && margin > 0 && margin <= MAX_MARGIN_PX ? margin : 0;
}

const MAX_MARGIN_PX = 128;
