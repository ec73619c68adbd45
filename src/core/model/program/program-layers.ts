import { refused, unsupported } from '../import/refusal.ts';
import { type Tensor, tensor } from '../tensor.ts';
import type { StepIndex } from './program.ts';
import { floatScalar, indexVector, type Planes, ProgramBuilder, type Rows } from './program-builder.ts';

export interface ConvolutionOptions {
  readonly groups?: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default: zeros around, so that the size stays; none: only where the whole kernel lies inside. */
  readonly padding?: 'same' | 'none';
  /** Default 1. */
  readonly dilation?: number;
  /** Side that the kernel must have; default: any. */
  readonly kernel?: number;
}

export type Activation = 'relu' | 'gelu' | 'mish' | 'silu' | 'sigmoid' | 'tanh';

/** Layers by the name of their keys, with torch's meaning and defaults. */
export class ProgramLayers extends ProgramBuilder {
  /** The convolution `name.weight`, with `name.bias` if there is one. @throws UpreelError `model-refused` */
  conv(planes: Planes, name: string, options: ConvolutionOptions = {}): Planes {
    const { groups = 1, kernel = null } = options;
    const weight = this.weight(`${name}.weight`, [null, planes.channels / groups, kernel, kernel]);
    return this.convolved(planes, weight, this.optionalWeight(`${name}.bias`, [weight.shape[0] ?? 0]), options);
  }

  convolved(
    planes: Planes,
    weight: Tensor,
    bias: Tensor | null,
    { groups = 1, stride = 1, padding = 'same', dilation = 1 }: ConvolutionOptions = {},
  ): Planes {
    const [channels = 0, perGroup = 0, height = 1, width = 1] = weight.shape;
    if (channels % groups !== 0 || (padding === 'same' && (height % 2 === 0 || width % 2 === 0))) {
      throw refused(`a convolution has weights of shape [${weight.shape.join(', ')}] in ${groups} groups.`);
    }
    const [y, x] = padding === 'same' ? [((height - 1) >> 1) * dilation, ((width - 1) >> 1) * dilation] : [0, 0];
    const step = this.step('Conv', [planes.step, weight, bias], {
      kernel_shape: [height, width],
      strides: [stride, stride],
      pads: [y, x, y, x],
      group: groups,
      ...(dilation === 1 ? {} : { dilations: [dilation, dilation] }),
    });
    const density = planes.density / stride ** 2;
    this.countWork(channels * perGroup * height * width * density);
    const keepsSize = stride === 1 && (padding === 'same' || (height === 1 && width === 1));
    return { ...planes, step, channels, density, extent: keepsSize ? planes.extent : step };
  }

  /** A convolution that was merged from several layers. @throws UpreelError `model-refused` if it does not fit */
  mergedConv(planes: Planes, weight: Tensor, bias: Tensor | null): Planes {
    if (weight.shape[1] !== planes.channels) {
      throw refused(`a convolution takes ${weight.shape[1]} channels, but gets ${planes.channels}.`);
    }
    this.countParameters(weight, bias);
    return this.convolved(planes, weight, bias);
  }

  /**
   * torch's ConvTranspose2d with a square kernel: what it writes beyond its input times the stride is cut off by `crop`
   * on each side. @throws UpreelError `model-refused`
   */
  deconv(planes: Planes, name: string, shape: { kernel: number; stride: number; crop?: number }): Planes {
    const { kernel, stride, crop = 0 } = shape;
    const weight = this.weight(`${name}.weight`, [planes.channels, null, kernel, kernel]);
    const [, channels = 0] = weight.shape;
    const bias = this.optionalWeight(`${name}.bias`, [channels]);
    const step = this.step('ConvTranspose', [planes.step, weight, bias], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [crop, crop, crop, crop],
    });
    this.countWork(channels * planes.channels * kernel ** 2 * planes.density);
    return { ...planes, step, channels, density: planes.density * stride ** 2, extent: step };
  }

  /**
   * torch's Linear: `name.weight` [out, in] and `name.bias` if there is one, for each row.
   * @param made channels that it has to make; default: as many as it does
   */
  linear<T extends Rows>(rows: T, name: string, made: number | null = null): T {
    const weight = this.weight(`${name}.weight`, [made, rows.channels]);
    const [channels = 0] = weight.shape;
    return this.mapped(rows, weight, this.optionalWeight(`${name}.bias`, [channels]));
  }

  mapped<T extends Rows>(rows: T, weight: Tensor, bias: Tensor | null): T {
    const [channels = 0] = weight.shape;
    this.countWork(channels * rows.channels * rows.density);
    return { ...rows, channels, step: this.step('Gemm', [rows.step, weight, bias], { transB: 1 }) };
  }

  /** Over the channels of each place. */
  layerNorm<T extends Rows>(rows: T, name: string, epsilon = 1e-5): T {
    const scale = this.weight(`${name}.weight`, [rows.channels]);
    const bias = this.weight(`${name}.bias`, [rows.channels]);
    const attributes = { axis: -1, epsilon: { float: epsilon } };
    return { ...rows, step: this.step('LayerNormalization', [rows.step, scale, bias], attributes) };
  }

  layerNormPlanes(planes: Planes, name: string, epsilon: number): Planes {
    return this.toPlanes(this.layerNorm(this.toPixels(planes), name, epsilon));
  }

  /** Over groups of channels and the whole picture. */
  groupNorm(planes: Planes, name: string, groups: number): Planes {
    this.takesInAll();
    const { channels, step } = planes;
    if (channels % groups !== 0) throw unsupported(`${name} has ${channels} channels for ${groups} groups.`);
    const same = tensor([groups], new Float32Array(groups).fill(1));
    const zero = tensor([groups], new Float32Array(groups));
    const grouped = this.step('Reshape', [step, indexVector([1, groups, -1])]);
    const normed = this.step('InstanceNormalization', [grouped, same, zero], { epsilon: { float: 1e-5 } });
    const { height, width } = this.sizeOf(planes);
    const shape = this.step('Concat', [indexVector([1, channels]), height, width], { axis: 0 });
    const spread = { ...planes, step: this.step('Reshape', [normed, shape]) };
    return this.scaled(spread, this.weight(`${name}.weight`, [channels]), this.weight(`${name}.bias`, [channels]));
  }

  /** planes * factor + offset, one of each per channel, or one for all. */
  scaled(planes: Planes, factor: Tensor, offset: Tensor | null = null): Planes {
    const perChannel = (values: Tensor) =>
      values.data.length === 1 ? values : tensor([values.data.length, 1, 1], values.data);
    const product = this.step('Mul', [planes.step, perChannel(factor)]);
    return { ...planes, step: offset === null ? product : this.step('Add', [product, perChannel(offset)]) };
  }

  times<T extends Planes | Rows>(feature: T, factor: number): T {
    return factor === 1 ? feature : { ...feature, step: this.step('Mul', [feature.step, floatScalar(factor)]) };
  }

  plus<T extends Planes | Rows>(feature: T, offset: number): T {
    return { ...feature, step: this.step('Add', [feature.step, floatScalar(offset)]) };
  }

  add<T extends Planes | Rows>(left: T, right: T): T {
    if (left.channels !== right.channels) throw refused(`it adds ${right.channels} to ${left.channels} channels.`);
    return { ...left, step: this.step('Add', [left.step, right.step]) };
  }

  /** `right` may be one number for each channel or each place. */
  multiply<T extends Planes | Rows>(left: T, right: T): T {
    if (right.channels !== left.channels && right.channels !== 1) {
      throw refused(`it multiplies ${left.channels} channels by ${right.channels}.`);
    }
    return { ...left, step: this.step('Mul', [left.step, right.step]) };
  }

  activate<T extends Planes | Rows>(feature: T, kind: Activation): T {
    return { ...feature, step: this.#activated(feature.step, kind) };
  }

  leakyRelu<T extends Planes | Rows>(feature: T, slope: number): T {
    return { ...feature, step: this.step('LeakyRelu', [feature.step], { alpha: { float: slope } }) };
  }

  #activated(step: StepIndex, kind: Activation): StepIndex {
    switch (kind) {
      case 'relu':
        return this.step('Relu', [step]);
      case 'sigmoid':
        return this.step('Sigmoid', [step]);
      case 'tanh':
        return this.step('Tanh', [step]);
      case 'silu':
        return this.step('Mul', [step, this.step('Sigmoid', [step])]);
      case 'gelu': {
        // As onnxruntime looks for it, to make one operator of it.
        const error = this.step('Erf', [this.step('Div', [step, floatScalar(Math.SQRT2)])]);
        const doubled = this.step('Mul', [step, this.step('Add', [error, floatScalar(1)])]);
        return this.step('Mul', [doubled, floatScalar(0.5)]);
      }
      case 'mish': {
        // x tanh(ln(1 + e^x)) = x n / (n + 2) with n = e^x (e^x + 2): one exponential instead of three functions.
        const power = this.step('Exp', [this.step('Min', [step, floatScalar(MISH_LINEAR)])]);
        const n = this.step('Mul', [power, this.step('Add', [power, floatScalar(2)])]);
        return this.step('Mul', [step, this.step('Div', [n, this.step('Add', [n, floatScalar(2)])])]);
      }
    }
  }

  /** The channels from `start` to before `end`. */
  channels<T extends Planes | Rows>(feature: T, start: number, end: number): T {
    if (!Number.isInteger(start) || !Number.isInteger(end) || end > feature.channels) {
      throw refused(`it takes channels ${start} to ${end} of ${feature.channels}.`);
    }
    const inputs = [feature.step, indexVector([start]), indexVector([end]), indexVector([1])];
    return { ...feature, channels: end - start, step: this.step('Slice', inputs) };
  }

  concat<T extends Planes | Rows>(features: readonly [T, ...T[]]): T {
    const channels = features.reduce((sum, feature) => sum + feature.channels, 0);
    const steps = features.map(({ step }) => step);
    return { ...features[0], channels, step: this.step('Concat', steps, { axis: 1 }) };
  }

  /** The largest sample of each square of `side`; those that do not fill one are left out. */
  maxPool(planes: Planes, side: number): Planes {
    const step = this.step('MaxPool', [planes.step], { kernel_shape: [side, side], strides: [side, side] });
    return { ...planes, step, density: planes.density / side ** 2, extent: step };
  }

  /** The mean of each channel, [1, channels, 1, 1]. */
  globalMean(planes: Planes): Planes {
    this.takesInAll();
    const step = this.step('GlobalAveragePool', [planes.step]);
    return { ...planes, step, density: 0, extent: step };
  }

  pixelShuffle(planes: Planes, factor: number): Planes {
    if (factor === 1) return planes;
    const channels = planes.channels / factor ** 2;
    if (!Number.isInteger(channels)) {
      throw refused(`it spreads ${planes.channels} channels over ${factor}x${factor} pixels.`);
    }
    const step = this.step('DepthToSpace', [planes.step], { blocksize: factor, mode: 'CRD' });
    return { ...planes, step, channels, density: planes.density * factor ** 2, extent: step };
  }

  /** torch's pixel_unshuffle; the size must be a multiple of the factor. */
  pixelUnshuffle(planes: Planes, factor: number): Planes {
    if (factor === 1) return planes;
    const { channels } = planes;
    const area = factor ** 2;
    const picks = new Float32Array(channels * area * area);
    for (let out = 0; out < channels * area; out++) picks[out * area + (out % area)] = 1;
    const weight = tensor([channels * area, 1, factor, factor], picks);
    return this.convolved(planes, weight, null, { groups: channels, stride: factor, padding: 'none' });
  }

  /** Linear, to the height and width of `like`: torch's interpolate with a size. */
  stretchTo(planes: Planes, like: Planes): Planes {
    const { height, width } = this.sizeOf(like);
    const shape = this.step('Concat', [indexVector([1, planes.channels]), height, width], { axis: 0 });
    const attributes = { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
    const step = this.step('Resize', [planes.step, null, null, shape], attributes);
    return { ...planes, step, density: like.density, extent: like.extent };
  }

  /** torch's bicubic interpolation. */
  cubic(planes: Planes, factor: number): Planes {
    const attributes = { mode: 'cubic', coordinate_transformation_mode: 'half_pixel', cubic_coeff_a: { float: -0.75 } };
    const scales = tensor([4], Float32Array.of(1, 1, factor, factor));
    const step = this.step('Resize', [planes.step, null, scales], attributes);
    return { ...planes, step, density: planes.density * factor ** 2, extent: step };
  }

  /** Each pixel repeated. */
  nearest(planes: Planes, factor: number): Planes {
    const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    const scales = tensor([4], Float32Array.of(1, 1, factor, factor));
    const step = this.step('Resize', [planes.step, null, scales], attributes);
    return { ...planes, step, density: planes.density * factor ** 2, extent: step };
  }
}

/** From here on mish(x) is x in float32. */
const MISH_LINEAR = 20;
