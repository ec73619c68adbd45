import { createHash } from 'node:crypto';
import type { FixedSize } from '../../pixels/geometry.ts';
import type { SampleFormat } from '../graph/adapt-graph.ts';
import { elementCount, tensor } from '../tensor.ts';
import { RESIZE_ATTRIBUTES, resizeInputs } from './emit-graph.ts';
import type { ForeignModel } from './foreign-model.ts';
import { DATA_TYPE } from './foreign-tensor.ts';
import type { OnnxWriter } from './onnx-writer.ts';
import type { NetworkCore } from './wrap-network.ts';

/** How a network of others is to be fed, apart from its size. */
export interface ForeignUse {
  readonly channels: 1 | 3;
  readonly layout: 'nchw' | 'nhwc';
  readonly samples: SampleFormat;
  /** The only size that it takes, where it was exported for one. */
  readonly fixedPx: FixedSize | null;
  /** How much the picture is enlarged before the network sees it: by bicubic interpolation (a = -0.75, as torch's). */
  readonly enlargeFirst: number;
}

/** The network's own nodes, with what turns float NCHW RGB 0..1 into its samples before them and back behind them. */
export function coreOfForeign(
  model: ForeignModel,
  { channels, layout, samples, fixedPx, enlargeFirst }: ForeignUse,
  networkScale: number,
): NetworkCore {
  const { white, black, order } = samples;
  const span = white - black;
  return {
    channels,
    scale: enlargeFirst * networkScale,
    opset: model.opset,
    canBeHalf: false,
    fixedPx: fixedPx && sourceSize(fixedPx, enlargeFirst),
    emit(writer, input) {
      const reordered = (value: string) =>
        order === 'bgr' && channels === 3
          ? writer.node('Gather', [value, writer.integers(2, 1, 0)], { axis: 1 })
          : value;
      const scaled = (value: string, factor: number) =>
        factor === 1 ? value : writer.node('Mul', [value, writer.constant(factor)]);
      const moved = (value: string, offset: number) =>
        offset === 0 ? value : writer.node('Add', [value, writer.constant(offset)]);
      const laidOut = (value: string, perm: number[]) =>
        layout === 'nchw' ? value : writer.node('Transpose', [value], { perm });

      const seen = enlarged(writer, input, enlargeFirst, model.opset);
      const fed = laidOut(moved(scaled(reordered(seen), span), black), [0, 2, 3, 1]);
      const made = emitNodes(model, writer, fromFloat(writer, fed, model.input.type));
      const float = writer.node('Cast', [made], { to: DATA_TYPE.float });
      return reordered(scaled(moved(laidOut(float, [0, 3, 1, 2]), -black), 1 / span));
    },
  };
}

/** Of the picture before it is enlarged. */
export function sourceSize({ width, height }: FixedSize, enlargeFirst: number): FixedSize {
  return { width: width && width / enlargeFirst, height: height && height / enlargeFirst };
}

/** Bicubic interpolation overshoots at edges, where no picture has samples. */
function enlarged(writer: OnnxWriter, input: string, factor: number, opset: number): string {
  if (factor === 1) return input;
  const inputs = resizeInputs(writer, input, factor, opset);
  const larger = writer.node('Resize', inputs, RESIZE_ATTRIBUTES.cubic);
  return writer.node('Clip', [larger, writer.constant(0), writer.constant(1)]);
}

/** sha256 of the network and of how it is fed. */
export function hashForeign({ opset, nodes, constants, input, output }: ForeignModel, use: ForeignUse): string {
  const hash = createHash('sha256');
  const wiring = nodes.map(({ operator, inputs, outputs }) => [operator, inputs, outputs]);
  hash.update(JSON.stringify([opset, wiring, input, output, use]));
  for (const { attributes } of nodes) for (const { encoded } of attributes.values()) hash.update(encoded);
  for (const { encoded } of constants.values()) hash.update(encoded);
  return hash.digest('hex');
}

/**
 * Trained numbers; and operations per input pixel as if every convolution ran at the input's size, which is a guess.
 */
export function sizeForeign({ nodes, constants }: ForeignModel): { parameters: number; flopsPerPixel: number } {
  const weights = [...constants.values()].filter(({ type }) => type !== DATA_TYPE.int64 && type !== DATA_TYPE.int32);
  const convolved = nodes.filter(({ operator }) => /^(Conv|ConvTranspose|MatMul|Gemm)$/.test(operator));
  const multiplied = convolved.map(({ inputs }) => elementCount(constants.get(inputs[1] ?? '')?.shape ?? [0]));
  return {
    parameters: weights.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    flopsPerPixel: 2 * multiplied.reduce((sum, count) => sum + count, 0),
  };
}

function fromFloat(writer: OnnxWriter, value: string, type: number): string {
  if (type === DATA_TYPE.float) return value;
  if (type !== DATA_TYPE.uint8) return writer.node('Cast', [value], { to: type });
  const clamped = writer.node('Clip', [writer.node('Round', [value]), writer.constant(0), writer.constant(255)]);
  return writer.node('Cast', [clamped], { to: type });
}

function emitNodes(model: ForeignModel, writer: OnnxWriter, input: string): string {
  const names = new Map<string, string>([['', '']]);
  const rename = (name: string): string => {
    const known = names.get(name) ?? `f${names.size}`;
    names.set(name, known);
    return known;
  };
  names.set(model.input.name, input);
  for (const [name, { encoded }] of model.constants) writer.foreignWeight(encoded, rename(name));
  for (const { operator, inputs, outputs, attributes } of model.nodes) {
    const settings = [...attributes.values()].map(({ encoded }) => encoded);
    const bias = operator === 'Conv' ? missingBias(model, inputs, writer) : null;
    const fed = bias === null ? inputs.map(rename) : [...inputs.slice(0, 2).map(rename), bias];
    writer.foreignNode(operator, fed, outputs.map(rename), settings);
  }
  return rename(model.output.name);
}

/** Zeros where a convolution has none: see `OnnxWriter.convolution`. */
function missingBias(
  { constants }: ForeignModel,
  [, weight = '', bias = '']: readonly string[],
  writer: OnnxWriter,
): string | null {
  const { shape: [channels = 0] = [], type } = constants.get(weight) ?? {};
  if (bias !== '' || type === undefined) return null;
  return writer.node('Cast', [writer.weight(tensor([channels], new Float32Array(channels)))], { to: type });
}
