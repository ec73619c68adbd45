import type { Attributes, OnnxWriter } from '../onnx/onnx-writer.ts';
import type { NetworkCore } from '../onnx/wrap-network.ts';
import { type IndexTensor, isTensor, type Tensor } from '../tensor.ts';

/**
 * A network as ONNX operators in order of evaluation, for those that look at windows or at the whole picture
 * (attention, norms). `Graph` holds convolutions, whose field and sizes can be told from the layers, and is rewritten
 * for speed by what it knows of them. Here nothing could be told: each family joins reshaping, gathering and matrix
 * products in its own way, so an operator of ours for each would say no more than these do. Steps are therefore written
 * as they stand, take their sizes from the picture while they run, and the field counts as unknown.
 */
export interface Program {
  /** What it takes and makes: RGB, or one channel. NCHW, 0..1, one picture. */
  readonly channels: 1 | 3;
  /** The first stands for the input. */
  readonly steps: readonly Step[];
  readonly output: StepIndex;
  readonly scale: number;
  /** The side of the windows into which it cuts the picture from the top left; 1: it does not. */
  readonly gridPx: number;
  /** Whether means, norms or attention take in the whole picture. */
  readonly seesAll: boolean;
  /** Trained numbers. */
  readonly parameters: number;
  /** Of convolutions and matrix products, per input pixel; a multiply-add is two. */
  readonly flopsPerPixel: number;
}

/** An operator, of which only the first output is read. */
export interface Step {
  readonly operator: string;
  readonly inputs: readonly Operand[];
  readonly attributes: Attributes;
  /** Outputs that it has to have behind the first. */
  readonly unread: number;
}

export type StepIndex = number;

/** null: an optional input that is left out. */
export type Operand = StepIndex | Tensor | IndexTensor | null;

/** Version of the standard operators that the steps are of. */
const OPSET = 17;

export function coreOfProgram({ channels, scale, steps, output }: Program): NetworkCore {
  return {
    channels,
    opset: OPSET,
    // Sums over windows and means over pictures leave the range of half precision.
    canBeHalf: false,
    fixedPx: null,
    scale,
    emit: (writer, input) => emitSteps(steps, output, writer, input),
  };
}

function emitSteps(steps: readonly Step[], output: StepIndex, writer: OnnxWriter, input: string): string {
  const names: string[] = [];
  const nameOf = (operand: Operand): string => {
    if (operand === null) return '';
    if (typeof operand === 'number') return names[operand] ?? '';
    return 'indices' in operand ? writer.indices(operand) : writer.weight(operand);
  };
  for (const step of steps) names.push(names.length === 0 ? input : emitStep(step, writer, nameOf));
  return names[output] ?? '';
}

function emitStep(
  { operator, inputs, attributes, unread }: Step,
  writer: OnnxWriter,
  nameOf: (operand: Operand) => string,
): string {
  const [input = null, weight = null, bias = null] = inputs;
  if (operator === 'Conv' && isTensor(weight)) {
    return writer.convolution(nameOf(input), weight, isTensor(bias) ? bias : null, attributes);
  }
  return writer.node(operator, inputs.map(nameOf), attributes, undefined, unread);
}
