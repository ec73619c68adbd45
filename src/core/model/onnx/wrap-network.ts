import type { FixedSize } from '../../pixels/geometry.ts';
import type { NetworkTarget, NetworkVariant } from '../descriptor.ts';
import { SOURCE_EXTENT } from '../graph/extent.ts';
import { foldResiduals } from '../graph/fold-residuals.ts';
import { forX64 } from '../graph/for-x64.ts';
import type { Graph } from '../graph/graph.ts';
import { tensor } from '../tensor.ts';
import { emitGraph, RESIZE_ATTRIBUTES, resizeInputs } from './emit-graph.ts';
import { OnnxWriter } from './onnx-writer.ts';

/** A network from float NCHW samples 0..1 to the same, RGB or luma. */
export interface NetworkCore {
  readonly channels: 1 | 3;
  readonly scale: number;
  /** Version of the standard operators that it is written in. */
  readonly opset: number;
  /** Whether it can be written in float16, too: not a graph of others, which is taken as it is. */
  readonly canBeHalf: boolean;
  /** The only size that it takes; null: any. */
  readonly fixedPx: FixedSize | null;
  /** Writes the nodes; `input` names the tensor that feeds them. Returns the name of the output. */
  emit(writer: OnnxWriter, input: string): string;
}

export function coreOf(graph: Graph, target: NetworkTarget = 'any'): NetworkCore {
  const folded = foldResiduals(graph);
  const written = target === 'x64' ? forX64(folded) : folded;
  const input = graph.nodes.find((node) => node.op === 'input');
  const { height } = graph.shapes[graph.output] ?? { height: SOURCE_EXTENT };
  return {
    channels: input?.channels === 1 ? 1 : 3,
    scale: height.numerator / height.denominator,
    opset: OPSET,
    canBeHalf: true,
    fixedPx: null,
    emit: (writer, name) => emitGraph(written, writer, name, target === 'x64'),
  };
}

/**
 * ONNX bytes of the network between integer samples: `source` [1, H, W, C] -> `upscaled` [1, H*scale, W*scale, C],
 * uint8 or uint16, rounded half to even (on GPUs: half up), clamped. No sample is touched outside the graph, which
 * moves a quarter of the bytes of float32 and costs nothing measurable beside the network.
 */
export function wrapNetwork(core: NetworkCore, variant: NetworkVariant): Uint8Array<ArrayBuffer> {
  const isHalf = variant.precision === 'float16' && core.canBeHalf;
  const writer = new OnnxWriter(isHalf ? 'float16' : 'float32');
  const type = variant.bytesPerSample === 1 ? 'uint8' : 'uint16';
  const white = variant.bytesPerSample === 1 ? 255 : 65535;

  const samples = writer.node('Cast', ['source'], { to: FLOAT });
  const planes = writer.node('Transpose', [samples], { perm: [0, 3, 1, 2] });
  const unit = writer.node('Mul', [planes, writer.exact(1 / white)]);

  const picture = isHalf
    ? writer.node('Cast', [emitBetween(core, variant.channels, writer, writer.node('Cast', [unit], { to: FLOAT16 }))], {
        to: FLOAT,
      })
    : emitBetween(core, variant.channels, writer, unit);

  const scaled = writer.node('Mul', [picture, writer.exact(white)]);
  // Rounded before the cast, which only cuts off; what luma's float32 weights have above 1 in sum goes with it.
  const rounded = variant.target === 'gpu' ? roundHalfUp(writer, scaled) : writer.node('Round', [scaled]);
  const interleaved = writer.node('Transpose', [rounded], { perm: [0, 2, 3, 1] });
  writer.node('Cast', [interleaved], { to: type === 'uint8' ? UINT8 : UINT16 }, 'upscaled');

  return writer.encode(
    { name: 'source', type, dimensions: [1, ...sidesOf(core), variant.channels] },
    { name: 'upscaled', type, dimensions: [1, 'upscaled_height', 'upscaled_width', variant.channels] },
    core.opset,
  );
}

/** The bare network between float NCHW samples, neither clamped nor rounded: `source` -> `upscaled`. */
export function emitBare(core: NetworkCore): Uint8Array<ArrayBuffer> {
  const writer = new OnnxWriter();
  const made = core.emit(writer, 'source');
  writer.node('Identity', [made], {}, 'upscaled');
  return writer.encode(
    { name: 'source', type: 'float', dimensions: [1, core.channels, ...sidesOf(core)] },
    { name: 'upscaled', type: 'float', dimensions: ['count', 'channels', 'upscaled_height', 'upscaled_width'] },
    core.opset,
  );
}

function sidesOf({ fixedPx }: NetworkCore): (number | string)[] {
  return [fixedPx?.height ?? 'height', fixedPx?.width ?? 'width'];
}

/** Brings the picture's channels to the network and back, clamped to 0..1. */
function emitBetween(core: NetworkCore, channels: 1 | 3, writer: OnnxWriter, unit: string): string {
  const clamp = (value: string) => writer.node('Clip', [value, writer.constant(0), writer.constant(1)]);
  if (core.channels === channels) return clamp(core.emit(writer, unit));
  if (core.channels === 3) {
    const gray = writer.node('Concat', [unit, unit, unit], { axis: 1 });
    return writer.convolution(clamp(core.emit(writer, gray)), luma(), null, {});
  }
  // Luma through the network; what R, G and B differ from it by is enlarged by bicubic interpolation.
  const gray = writer.node('Conv', [unit, writer.weight(luma())]);
  const colour = enlarged(core, writer, writer.node('Sub', [unit, gray]));
  return clamp(writer.node('Add', [colour, core.emit(writer, gray)]));
}

function enlarged({ scale, opset }: NetworkCore, writer: OnnxWriter, value: string): string {
  const inputs = resizeInputs(writer, value, scale, opset);
  return scale === 1 ? value : writer.node('Resize', inputs, RESIZE_ATTRIBUTES['catmull-rom']);
}

/** The WebGPU provider has no Round: the whole picture would go to the CPU as float32, and back. */
function roundHalfUp(writer: OnnxWriter, samples: string): string {
  return writer.node('Floor', [writer.node('Add', [samples, writer.exact(0.5)])]);
}

/** Rec. 601 weights, as a 1x1 convolution. */
function luma() {
  return tensor([1, 3, 1, 1], Float32Array.of(0.299, 0.587, 0.114));
}

const OPSET = 17;

/** TensorProto.DataType */
const FLOAT = 1;
const UINT8 = 2;
const UINT16 = 4;
const FLOAT16 = 10;
