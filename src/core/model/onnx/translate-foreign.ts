import { UpreelError } from '../../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { GraphBuilder } from '../graph/graph-builder.ts';
import { padInput } from '../graph/pad-input.ts';
import type { ForeignModel } from './foreign-model.ts';
import { type Meaning, NodeReader, NotUnderstood } from './node-reader.ts';
import { OPERATORS } from './operators.ts';

/**
 * The network as upreel's own graph, or undefined if it has an operator, or a use of one, that is not understood: such
 * networks are run as they are.
 */
export function translateForeign(model: ForeignModel, channels: 1 | 3, layout: 'nchw' | 'nhwc'): Graph | undefined {
  const builder = new GraphBuilder();
  const meanings = new Map<string, Meaning>(
    [...model.constants].map(([name, tensor]) => [name, { kind: 'constant', tensor }]),
  );
  meanings.set(model.input.name, { kind: 'value', value: builder.input(channels), layout });
  try {
    for (const node of model.nodes) {
      const translate = Object.hasOwn(OPERATORS, node.operator) ? OPERATORS[node.operator] : undefined;
      const reader = new NodeReader(node, meanings, builder, model.opset);
      if (translate === undefined || node.outputs.filter((name) => name !== '').length !== 1) return undefined;
      meanings.set(node.outputs[0] ?? '', translate(reader));
    }
    const output = meanings.get(model.output.name);
    return output?.kind === 'value' && output.layout === layout ? padInput(builder.finish(output.value)) : undefined;
  } catch (error) {
    // A layer that does not fit may still be one that onnxruntime takes otherwise: it has the last word.
    if (error instanceof NotUnderstood || error instanceof UpreelError) return undefined;
    throw error;
  }
}
