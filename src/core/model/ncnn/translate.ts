import type { Graph, Value } from '../graph/graph.ts';
import { GraphBuilder } from '../graph/graph-builder.ts';
import { refused, unsupported } from '../refusal.ts';
import { LAYERS } from './layers.ts';
import type { NcnnLayer } from './param-file.ts';
import { WeightReader } from './weight-reader.ts';

/**
 * Translates an ncnn network layer by layer.
 * @throws UpreelError `model-refused` (damaged), `model-unsupported` (names the layer that is not known)
 */
export function translateNcnn(layers: readonly NcnnLayer[], bin: Uint8Array): Graph {
  const builder = new GraphBuilder();
  const weights = new WeightReader(bin);
  const blobs = new Map<string, Value>();
  refuseUnknownLayers(layers);
  for (const layer of layers) {
    const inputs = layer.inputs.map((blob) => {
      const value = blobs.get(blob);
      if (value === undefined) throw refused(`layer ${layer.name} reads "${blob}", which no layer before it makes.`);
      return value;
    });
    const outputs = LAYERS[layer.type]?.({ layer, inputs, builder, weights }) ?? [];
    if (outputs.length !== layer.outputs.length) {
      throw refused(`layer ${layer.name} (${layer.type}) has ${layer.outputs.length} outputs.`);
    }
    layer.outputs.forEach((blob, index) => {
      if (blobs.has(blob)) throw refused(`"${blob}" is made by two layers.`);
      blobs.set(blob, outputs[index] ?? 0);
    });
  }
  weights.finish();
  return builder.finish(outputOf(layers, blobs));
}

function refuseUnknownLayers(layers: readonly NcnnLayer[]): void {
  const unknown = [...new Set(layers.map((layer) => layer.type).filter((type) => !Object.hasOwn(LAYERS, type)))];
  if (unknown.length === 0) return;
  throw unsupported(
    `The ncnn network uses layers that upreel does not know: ${unknown.slice(0, 8).join(', ')}.`,
    `Layers that are known: ${Object.keys(LAYERS).join(', ')}.`,
  );
}

/** The one value that no layer reads. */
function outputOf(layers: readonly NcnnLayer[], blobs: ReadonlyMap<string, Value>): Value {
  const read = new Set(layers.flatMap((layer) => layer.inputs));
  const ends = [...blobs].filter(([blob]) => !read.has(blob));
  const [end] = ends;
  if (ends.length !== 1 || end === undefined) {
    throw refused(
      `it has ${ends.length} outputs (${ends
        .map(([blob]) => blob)
        .slice(0, 4)
        .join(', ')}), not one.`,
    );
  }
  return end[1];
}
