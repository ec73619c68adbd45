import { create } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import { ForeignOnnx } from './onnx-writer.ts';
import { seededRandom } from './random-networks.ts';

export interface DiffusionShape {
  readonly dimensions: readonly (number | string)[];
  /** From 18 on with GroupNormalization, before with InstanceNormalization between Reshapes. */
  readonly opset: number;
  /** 1, 2, 4, ... */
  readonly scale: number;
  /** Inputs beside the picture without values, or with a default of the file's own. */
  readonly extras: 'inputs' | 'defaults';
}

export const PROMPT = { tokens: 4, width: 6 };
const FEATURES = 8;
const GROUPS = 2;

/**
 * One step of a latent diffusion network in small, with random weights: an encoder to an eighth of the size, group
 * norms, SiLU, an embedded timestep, attention within the picture and on a prompt, and a decoder. It adds a little to
 * its input.
 */
export function writeDiffusion({ dimensions, opset, scale, extras }: DiffusionShape): Uint8Array<ArrayBuffer> {
  const onnx = new ForeignOnnx({ dimensions, opset });
  const random = seededRandom(11);
  const weight = (...shape: number[]) => {
    const fan = shape.slice(1).reduce((product, side) => product * side, 1) || 1;
    const length = shape.reduce((product, side) => product * side, 1);
    return onnx.floats({ shape, data: Float32Array.from({ length }, () => (2 * random() - 1) * Math.sqrt(2 / fan)) });
  };
  const silu = (value: string) => onnx.node('Mul', [value, onnx.node('Sigmoid', [value])]);
  const conv = (value: string, out: number, taken: number, stride = 1) =>
    onnx.node('Conv', [value, weight(out, taken, 3, 3), weight(out)], {
      ...{ kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [stride, stride] },
    });
  const norm = (value: string) => groupNorm(onnx, value, opset);
  const tokens = (value: string) =>
    onnx.node('Transpose', [onnx.node('Reshape', [value, onnx.integers(0, FEATURES, -1)])], { perm: [0, 2, 1] });
  const attend = (value: string, context: string, width: number) => {
    const query = onnx.node('MatMul', [tokens(value), weight(FEATURES, FEATURES)]);
    const key = onnx.node('Transpose', [onnx.node('MatMul', [context, weight(width, FEATURES)])], { perm: [0, 2, 1] });
    const scores = onnx.node('Mul', [onnx.node('MatMul', [query, key]), onnx.values(FEATURES ** -0.5)]);
    const shares = onnx.node('Softmax', [scores], { axis: -1 });
    const mixed = onnx.node('MatMul', [shares, onnx.node('MatMul', [context, weight(width, FEATURES)])]);
    const planes = onnx.node('Transpose', [mixed], { perm: [0, 2, 1] });
    return onnx.node('Add', [value, onnx.node('Reshape', [planes, onnx.node('Shape', [value])])]);
  };
  const enlarge = (value: string, factor: number, mode: string) =>
    onnx.node('Resize', [value, onnx.factors(), onnx.factors(1, 1, factor, factor)], {
      ...(mode === 'linear'
        ? { mode, coordinate_transformation_mode: 'half_pixel' }
        : { mode, coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }),
    });

  const [timestep, prompt] = extraInputs(onnx, extras);
  let value = 'input';
  for (const taken of [3, FEATURES, FEATURES]) value = silu(norm(conv(value, FEATURES, taken, 2)));
  const time = onnx.node('Reshape', [onnx.node('Cast', [timestep], { to: 1 }), onnx.integers(1, 1)]);
  const embedded = silu(onnx.node('MatMul', [onnx.node('Mul', [time, onnx.values(0.001)]), weight(1, FEATURES)]));
  value = onnx.node('Add', [value, onnx.node('Reshape', [embedded, onnx.integers(1, FEATURES, 1, 1)])]);
  value = attend(value, tokens(norm(value)), FEATURES);
  value = attend(value, prompt, PROMPT.width);
  for (let factor = 8 * scale; factor > 1; factor /= 2) {
    value = silu(norm(conv(enlarge(value, 2, 'nearest'), FEATURES, FEATURES)));
  }
  const added = onnx.node('Mul', [conv(value, 3, FEATURES), onnx.values(0.02)]);
  const base = scale === 1 ? 'input' : enlarge('input', scale, 'linear');
  return onnx.finish(onnx.node('Add', [base, added]));
}

function groupNorm(onnx: ForeignOnnx, value: string, opset: number): string {
  // Version 18 has a scale for each group, 21 for each channel.
  const length = opset < 21 ? GROUPS : FEATURES;
  const [ones, zeros] = [new Array<number>(length).fill(1.1), new Array<number>(length).fill(0.1)];
  const [scale, bias] = [onnx.values(...ones), onnx.values(...zeros)];
  const epsilon = { float: 1e-5 };
  if (opset >= 18) return onnx.node('GroupNormalization', [value, scale, bias], { num_groups: GROUPS, epsilon });
  const grouped = onnx.node('Reshape', [value, onnx.integers(0, GROUPS, -1)]);
  const normed = onnx.node('InstanceNormalization', [grouped, scale, bias], { epsilon });
  return onnx.node('Reshape', [normed, onnx.node('Shape', [value])]);
}

function extraInputs(onnx: ForeignOnnx, extras: DiffusionShape['extras']): [string, string] {
  const timestep = onnx.port('timestep', [1], 7);
  const prompt = onnx.port('prompt', ['batch', PROMPT.tokens, PROMPT.width], 1);
  if (extras === 'defaults') {
    const floatData = Array.from({ length: PROMPT.tokens * PROMPT.width }, (_, index) => Math.sin(index));
    const dims = [1n, BigInt(PROMPT.tokens), BigInt(PROMPT.width)];
    onnx.initializers.push(
      create(TensorProtoSchema, { name: timestep, dims: [1n], dataType: 7, int64Data: [999n] }),
      create(TensorProtoSchema, { name: prompt, dims, dataType: 1, floatData }),
    );
  }
  return [timestep, prompt];
}
