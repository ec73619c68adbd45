import type { StateDict } from '../checkpoint/state-dict.ts';
import { refused } from '../import/refusal.ts';
import type { Attributes } from '../onnx/onnx-writer.ts';
import { elementCount, type IndexTensor, type Tensor, tensor } from '../tensor.ts';
import type { PairIndex } from './pair-index.ts';
import type { Operand, Program, Step, StepIndex } from './program.ts';

/** What is known of a value before the picture is there. */
interface Feature {
  readonly step: StepIndex;
  readonly channels: number;
  /** Samples of a channel per input pixel. */
  readonly density: number;
  /** Equal for values of one height and width. */
  readonly extent: StepIndex;
}

/** [1, channels, height, width] */
export interface Planes extends Feature {
  readonly layout: 'planes';
}

/** [height * width, channels], row by row. */
export interface Pixels extends Feature {
  readonly layout: 'pixels';
}

/** [windows * tokens, channels]: pixels in the order of windows, whose tokens lie one after the other. */
export interface Tokens extends Feature {
  readonly layout: 'tokens';
}

/** A value of which each row is one place of the picture. */
export type Rows = Pixels | Tokens;

/** int64 vectors of one number. */
export interface LengthVector {
  readonly height: StepIndex;
  readonly width: StepIndex;
}

/** Builds a program step by step, checking the shape of every weight that it takes. */
export class ProgramBuilder {
  readonly #state: StateDict;
  readonly #steps: Step[] = [];
  readonly #sizes = new Map<StepIndex, LengthVector>();
  readonly #tables = new Map<string, PairIndex>();
  readonly #late = new Map<IndexTensor, StepIndex>();
  #lateZero: StepIndex | undefined;
  #seesAll = false;
  #parameters = 0;
  #flopsPerPixel = 0;

  constructor(state: StateDict) {
    this.#state = state;
  }

  /** @throws UpreelError `model-refused` if there are too many */
  step(operator: string, inputs: readonly Operand[], attributes: Attributes = {}, unread = 0): StepIndex {
    if (this.#steps.length >= MAX_STEPS) throw refused(`it has more than ${MAX_STEPS} steps.`);
    return this.#steps.push({ operator, inputs, attributes, unread }) - 1;
  }

  /** What many blocks look up alike is made and stored once: such tables grow with the fourth power of the windows. */
  table(name: string, make: () => PairIndex): PairIndex {
    const table = this.#tables.get(name) ?? make();
    this.#tables.set(name, table);
    return table;
  }

  /**
   * The same numbers in a way that onnxruntime does not know before the picture is there, so that it makes nothing of
   * them ahead: a zero that follows from the picture's size is added to them.
   */
  atRunTime(index: IndexTensor): StepIndex {
    const known = this.#late.get(index) ?? this.step('Add', [index, this.#zero()]);
    this.#late.set(index, known);
    return known;
  }

  #zero(): StepIndex {
    this.#lateZero ??= this.step('Min', [this.#part(this.step('Shape', [INPUT]), 2), indexVector([0])]);
    return this.#lateZero;
  }

  input(channels: number): Planes {
    const step = this.step('Input', []);
    return { layout: 'planes', step, channels, density: 1, extent: step };
  }

  has(key: string): boolean {
    return this.#state.has(key);
  }

  shape(key: string): readonly number[] | undefined {
    return this.#state.shape(key);
  }

  /**
   * A weight that must have this shape; null stands for any length.
   * @throws UpreelError `model-refused`
   */
  weight(key: string, shape: readonly (number | null)[]): Tensor {
    const weight = this.#state.tensor(key, shape.length);
    if (!shape.every((length, axis) => length === null || length === weight.shape[axis])) {
      const expected = shape.map((length) => length ?? 'any').join(', ');
      throw refused(`${key} has the shape [${weight.shape.join(', ')}], where [${expected}] belongs.`);
    }
    this.#parameters += elementCount(weight.shape);
    return weight;
  }

  optionalWeight(key: string, shape: readonly (number | null)[]): Tensor | null {
    return this.has(key) ? this.weight(key, shape) : null;
  }

  /** Says of weights that are trained and never used that they are part of the network. */
  unread(...keys: readonly string[]): void {
    for (const key of keys) this.#state.ignore(key);
  }

  /** Says of weights that were merged from others that they are part of the network. */
  countParameters(...weights: readonly (Tensor | null)[]): void {
    for (const weight of weights) this.#parameters += weight === null ? 0 : elementCount(weight.shape);
  }

  /** Says that what is made depends on the whole picture. */
  takesInAll(): void {
    this.#seesAll = true;
  }

  /** Counts multiply-adds, so many for each input pixel. */
  countWork(multiplications: number): void {
    this.#flopsPerPixel += 2 * multiplications;
  }

  /** Height and width, taken from the picture while the program runs. */
  sizeOf({ extent, step, layout }: Planes | Rows): LengthVector {
    const known = this.#sizes.get(extent);
    if (known !== undefined) return known;
    if (layout !== 'planes') throw refused('its sizes cannot be told.');
    const shape = this.step('Shape', [step]);
    const size = { height: this.#part(shape, 2), width: this.#part(shape, 3) };
    this.#sizes.set(extent, size);
    return size;
  }

  #part(shape: StepIndex, axis: number): StepIndex {
    return this.step('Gather', [shape, indexVector([axis])]);
  }

  toPixels(planes: Planes): Pixels {
    this.sizeOf(planes);
    const flat = this.step('Reshape', [planes.step, indexVector([planes.channels, -1])]);
    return { ...planes, layout: 'pixels', step: this.step('Transpose', [flat], { perm: [1, 0] }) };
  }

  toPlanes(pixels: Pixels): Planes {
    const { height, width } = this.sizeOf(pixels);
    const shape = this.step('Concat', [indexVector([1, pixels.channels]), height, width], { axis: 0 });
    const flat = this.step('Transpose', [pixels.step], { perm: [1, 0] });
    return { ...pixels, layout: 'planes', step: this.step('Reshape', [flat, shape]) };
  }

  /** @param gridPx see `Program` */
  finish(output: Planes, scale: number, gridPx: number): Program {
    const { channels } = output;
    if (channels !== 1 && channels !== 3) throw refused(`it makes ${channels} channels.`);
    return {
      channels,
      steps: this.#steps,
      output: output.step,
      scale,
      gridPx,
      seesAll: this.#seesAll,
      parameters: this.#parameters,
      flopsPerPixel: this.#flopsPerPixel,
    };
  }
}

/** The first step. */
const INPUT = 0;

/** HAT-L has about 6,000; the cap only bounds what a hostile file can ask for. */
const MAX_STEPS = 40_000;

export function indexVector(numbers: readonly number[]): IndexTensor {
  return { shape: [numbers.length], indices: Int32Array.from(numbers) };
}

export function indexScalar(number: number): IndexTensor {
  return { shape: [], indices: Int32Array.of(number) };
}

export function floatScalar(number: number): Tensor {
  return tensor([], Float32Array.of(number));
}
