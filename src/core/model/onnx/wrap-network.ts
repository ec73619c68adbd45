import type { NetworkVariant } from '../descriptor.ts';
import { foldResiduals } from '../graph/fold-residuals.ts';
import type { Graph } from '../graph/graph.ts';
import { tensor } from '../tensor.ts';
import { emitGraph } from './emit-graph.ts';
import { OnnxWriter } from './onnx-writer.ts';

/**
 * ONNX bytes of the network between integer samples: `source` [1, H, W, C] -> `upscaled` [1, H*scale, W*scale, C],
 * uint8 or uint16, rounded half to even, clamped. No sample is touched outside the graph, which moves a quarter of
 * the bytes of float32 and costs nothing measurable beside the network.
 */
export function wrapNetwork(graph: Graph, variant: NetworkVariant): Uint8Array<ArrayBuffer> {
  const writer = new OnnxWriter();
  const type = variant.bytesPerSample === 1 ? 'uint8' : 'uint16';
  const white = variant.bytesPerSample === 1 ? 255 : 65535;

  const samples = writer.node('Cast', ['source'], { to: FLOAT });
  const planes = writer.node('Transpose', [samples], { perm: [0, 3, 1, 2] });
  const unit = writer.node('Mul', [planes, writer.constant(1 / white)]);
  const rgb = variant.channels === 3 ? unit : writer.node('Concat', [unit, unit, unit], { axis: 1 });

  const upscaled = emitGraph(foldResiduals(graph), writer, rgb);

  const clamped = writer.node('Clip', [upscaled, writer.constant(0), writer.constant(1)]);
  const picture = variant.channels === 3 ? clamped : writer.node('Conv', [clamped, writer.weight(luma())]);
  const scaled = writer.node('Mul', [picture, writer.constant(white)]);
  // Rounded before the cast, which only cuts off; what luma's float32 weights have above 1 in sum goes with it.
  const rounded = writer.node('Round', [scaled]);
  const interleaved = writer.node('Transpose', [rounded], { perm: [0, 2, 3, 1] });
  writer.node('Cast', [interleaved], { to: type === 'uint8' ? UINT8 : UINT16 }, 'upscaled');

  return writer.encode(
    { name: 'source', type, dimensions: [1, 'height', 'width', variant.channels] },
    { name: 'upscaled', type, dimensions: [1, 'upscaled_height', 'upscaled_width', variant.channels] },
  );
}

/** Rec. 601 weights, as a 1x1 convolution. */
function luma() {
  return tensor([1, 3, 1, 1], Float32Array.of(0.299, 0.587, 0.114));
}

/** TensorProto.DataType */
const FLOAT = 1;
const UINT8 = 2;
const UINT16 = 4;
