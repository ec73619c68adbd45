import type { StateDict } from '../checkpoint/state-dict.ts';
import type { UnaryKind, Value } from '../graph/graph.ts';
import { GraphBuilder, sameSizeConvolution } from '../graph/graph-builder.ts';
import { refused } from '../import/refusal.ts';
import { tensor } from '../tensor.ts';
import { foldBatchNorm, NORM_EPSILON } from './batch-norm.ts';

/**
 * A graph under construction together with the weights it is made of: layers are appended by the name of their keys.
 */
export class Layers extends GraphBuilder {
  readonly #state: StateDict;

  constructor(state: StateDict) {
    super();
    this.#state = state;
  }

  /** The convolution `name.weight`, with `name.bias` if there is one. */
  named(input: Value, name: string): Value {
    return this.conv(input, this.#state.tensor(`${name}.weight`, 4), this.#state.optional(`${name}.bias`, 1), name);
  }

  /**
   * As `named`, with the normalisation `norm` behind it, if there is one: folded in, if it knows means and variances;
   * otherwise it takes those of the picture.
   */
  normed(input: Value, name: string, norm: string, epsilon = NORM_EPSILON): Value {
    if (!this.#state.has(`${norm}.running_var`)) {
      const value = this.named(input, name);
      return this.#state.has(`${norm}.weight`) ? this.#instanceNorm(value, norm) : value;
    }
    const weight = this.#state.tensor(`${name}.weight`, 4);
    const folded = foldBatchNorm(this.#state, norm, weight, this.#state.optional(`${name}.bias`, 1), epsilon);
    return this.conv(input, folded.weight, folded.bias, name);
  }

  #instanceNorm(input: Value, name: string): Value {
    const difference = this.subtract(input, this.globalMean(input));
    const variance = this.globalMean(this.multiply(difference, difference));
    const deviation = this.unary(this.affine(variance, [1], [NORM_EPSILON]), 'sqrt');
    const normal = this.append({ op: 'binary', kind: 'div', left: difference, right: deviation }, name);
    const [factor, offset] = [this.#state.tensor(`${name}.weight`, 1), this.#state.tensor(`${name}.bias`, 1)];
    return this.append({ op: 'affine', input: normal, factor, offset }, name);
  }

  /** The convolution `name` whose channels are parted into groups that do not see each other. */
  grouped(input: Value, name: string, groups: number): Value {
    const weight = this.#state.tensor(`${name}.weight`, 4);
    const bias = this.#state.optional(`${name}.bias`, 1);
    return this.append({ ...sameSizeConvolution(input, weight, bias), groups }, name);
  }

  /**
   * The convolution `name` in steps, without padding.
   * @param shape side of its kernel, which must fit what it is given
   * @throws UpreelError `model-refused` for another kernel
   */
  strided(input: Value, name: string, { kernel, step }: { kernel: number; step: number }): Value {
    const weight = this.#state.tensor(`${name}.weight`, 4);
    if (weight.shape[2] !== kernel || weight.shape[3] !== kernel) {
      throw refused(
        `${name}.weight has the shape [${weight.shape.join(', ')}], where a kernel of ${kernel}x${kernel} belongs.`,
      );
    }
    const bias = this.#state.optional(`${name}.bias`, 1);
    const padding = { top: 0, left: 0, bottom: 0, right: 0 };
    return this.append({ ...sameSizeConvolution(input, weight, bias), stride: [step, step], padding }, name);
  }

  /** The upsampler `name` whose factors `upsamplerFactors` gives. */
  upsampled(input: Value, name: string, factors: readonly number[]): Value {
    return factors.reduce(
      (value, factor, index) => this.pixelShuffle(this.named(value, `${name}.${2 * index}`), factor),
      input,
    );
  }

  /** PReLU with the slopes `name.weight`: one, or one for each channel. */
  prelu(input: Value, name: string): Value {
    return this.append({ op: 'prelu', input, slope: this.#state.tensor(`${name}.weight`, 1) }, name);
  }

  unary(input: Value, kind: UnaryKind): Value {
    return this.append({ op: 'unary', kind, input }, kind);
  }

  multiply(left: Value, right: Value): Value {
    return this.append({ op: 'binary', kind: 'mul', left, right }, 'a product');
  }

  concat(inputs: readonly Value[], label: string): Value {
    return this.append({ op: 'concat', inputs }, label);
  }

  channels(input: Value, start: number, end: number): Value {
    return this.append({ op: 'channels', input, start, end }, 'a part of the channels');
  }

  globalMean(input: Value): Value {
    return this.append({ op: 'global-mean', input }, 'a mean over the picture');
  }

  subtract(left: Value, right: Value): Value {
    return this.append({ op: 'binary', kind: 'sub', left, right }, 'a difference');
  }

  /** input * factor + offset; one number each, or one per channel. */
  affine(input: Value, factor: readonly number[], offset: readonly number[]): Value {
    const values = (numbers: readonly number[]) => tensor([numbers.length], Float32Array.from(numbers));
    return this.append({ op: 'affine', input, factor: values(factor), offset: values(offset) }, 'a shift of the range');
  }

  pixelShuffle(input: Value, factor: number): Value {
    return factor === 1 ? input : this.append({ op: 'pixel-shuffle', input, factor, order: 'crd' }, 'pixel shuffle');
  }

  pixelUnshuffle(input: Value, factor: number): Value {
    return factor === 1 ? input : this.append({ op: 'pixel-unshuffle', input, factor }, 'pixel unshuffle');
  }

  nearest(input: Value, scale: number): Value {
    return this.append({ op: 'resize', input, mode: 'nearest', scale }, 'enlargement');
  }
}
