// The networks of bench/peers.mjs, and the files that the peers read: the bare network in float32, of one size.
import { readFileSync, writeFileSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorShapeProto_DimensionSchema } from 'onnx-buf';
import { loadModel } from '../../dist/core/model/index.js';

/**
 * Larger networks stop at smaller pictures and leave ways out, so that a run ends within some 20 minutes on two cores:
 * torch.compile takes minutes for the largest, and a video's sessions are a picture's there.
 */
export const NETWORKS = [
  { id: 'realesr-general-x4v3', largest: 512 },
  { id: 'realesr-animevideov3-x2', largest: 512 },
  { id: 'realesr-animevideov3-x4', largest: 512 },
  { id: 'span', largest: 512 },
  { id: 'realesrgan-x4plus-anime', largest: 256 },
  { id: 'realesrgan-x4plus', largest: 128, without: ['torch-compiled', 'upreel-frames'] },
];

/**
 * Writes the network as peers read it: float32 [1, 3, side, side] in 0..1 to the same, clamped: what upreel runs
 * without its conversion from and to integers (which upreel's own time includes).
 */
export async function writeFloatNetwork(model, path, side) {
  const loaded = await loadModel(model);
  const file = await loaded.networkFile({ bytesPerSample: 1, channels: 3, target: 'any' });
  writeFileSync(path, floatNetwork(readFileSync(file), side, loaded.descriptor.scale));
  return loaded.descriptor;
}

/** Cuts the first three nodes (Cast, Transpose, Mul) and the last four (Mul, Round, Transpose, Cast) off. */
export function floatNetwork(bytes, side, scale) {
  const proto = fromBinary(ModelProtoSchema, bytes);
  const { node, input, output, initializer } = proto.graph;
  const [head, tail] = [node.slice(0, 3), node.slice(-4)];
  const kinds = [...head, ...tail].map(({ opType }) => opType).join();
  if (kinds !== 'Cast,Transpose,Mul,Mul,Round,Transpose,Cast') throw new Error(`Unexpected ends: ${kinds}.`);
  const kept = node.slice(3, -4);
  proto.graph.node = kept;
  const used = new Set(kept.flatMap((each) => each.input));
  proto.graph.initializer = initializer.filter(({ name }) => used.has(name));
  reshape(input[0], head[2].output[0], [1, 3, side, side]);
  reshape(output[0], tail[0].input[0], [1, 3, side * scale, side * scale]);
  return toBinary(ModelProtoSchema, proto);
}

const FLOAT = 1;

function reshape(port, name, dimensions) {
  port.name = name;
  const { value: tensor } = port.type.value;
  tensor.elemType = FLOAT;
  tensor.shape.dim = dimensions.map((size) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } }),
  );
}
