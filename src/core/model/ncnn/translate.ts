import type { Graph, Value } from '../graph/graph.ts';
import { GraphBuilder } from '../graph/graph-builder.ts';
import { refused, unsupported } from '../import/refusal.ts';
import { type Tensor, tensor } from '../tensor.ts';
import type { HeldConstant } from './layer-context.ts';
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
  const constants = new Map<string, Tensor>();
  refuseUnknownLayers(layers);
  for (const layer of layers) {
    if (layer.type === CONSTANT) {
      constants.set(layer.outputs[0] ?? '', readConstant(layer, weights));
      continue;
    }
    const constant = constantOf(layer, constants);
    const read = layer.inputs.filter((blob) => !constants.has(blob));
    const inputs = read.map((blob) => {
      const value = blobs.get(blob);
      if (value === undefined) throw refused(`layer ${layer.name} reads "${blob}", which no layer before it makes.`);
      return value;
    });
    const outputs = LAYERS[layer.type]?.({ layer, inputs, constant, builder, weights }) ?? [];
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

/** Numbers that a BinaryOp behind it takes, such as the mean of the colours. */
const CONSTANT = 'MemoryData';

/** One number for each channel: other shapes would have to fit the picture. */
function readConstant({ name, settings }: NcnnLayer, weights: WeightReader): Tensor {
  const [width, height, depth, channels] = [0, 1, 11, 2].map((key) => settings.number(key, 0));
  const isVector = width === 1 && height === 1 && depth === 0 && settings.number(21, 1) === 1;
  if (!isVector || channels === undefined || !Number.isInteger(channels) || channels < 1) {
    throw unsupported(`Layer ${name} of the ncnn network holds ${width}x${height}x${channels} numbers as they are.`);
  }
  return tensor([channels], weights.plain(channels, name));
}

function constantOf({ type, name, inputs }: NcnnLayer, constants: ReadonlyMap<string, Tensor>): HeldConstant | null {
  const index = inputs.findIndex((blob) => constants.has(blob));
  if (index < 0) return null;
  if (type !== 'BinaryOp' || inputs.length !== 2) {
    throw unsupported(`Layer ${name} of the ncnn network is a ${type} of constants, which upreel does not know.`);
  }
  return { values: constants.get(inputs[index] ?? '')!, isFirst: index === 0 };
}

function refuseUnknownLayers(layers: readonly NcnnLayer[]): void {
  const unknown = [
    ...new Set(layers.map((layer) => layer.type).filter((type) => type !== CONSTANT && !Object.hasOwn(LAYERS, type))),
  ];
  if (unknown.length === 0) return;
  throw unsupported(
    `The ncnn network uses layers that upreel does not know: ${unknown.slice(0, 8).join(', ')}.`,
    `Layers that are known: ${[...Object.keys(LAYERS), CONSTANT].join(', ')}.`,
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
