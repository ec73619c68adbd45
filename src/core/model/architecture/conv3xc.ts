import type { StateDict } from '../checkpoint/state-dict.ts';
import { refused } from '../import/refusal.ts';
import { type Tensor, tensor } from '../tensor.ts';

/**
 * SPAN's Conv3XC as one 3x3 convolution. In training it is 1x1, 3x3, 1x1 in a row plus a 1x1 shortcut (`sk`); the
 * `eval_conv` in a checkpoint is only a copy that may be stale, so it is used only where the parts are not there.
 */
export function mergedConv3xc(state: StateDict, name: string): { weight: Tensor; bias: Tensor | null } {
  if (!state.has(`${name}.conv.0.weight`)) {
    return { weight: state.tensor(`${name}.eval_conv.weight`, 4), bias: state.optional(`${name}.eval_conv.bias`, 1) };
  }
  state.ignore(`${name}.eval_conv.weight`);
  state.ignore(`${name}.eval_conv.bias`);
  const first = readLayer(state, `${name}.conv.0`, 1);
  const second = readLayer(state, `${name}.conv.1`, 3);
  const third = readLayer(state, `${name}.conv.2`, 1);
  const shortcut = readLayer(state, `${name}.sk`, 1);
  const fits =
    first.out === second.channels &&
    second.out === third.channels &&
    third.out === shortcut.out &&
    first.channels === shortcut.channels;
  if (!fits) throw refused(`the parts of ${name} do not fit together.`);
  return merge(first, second, third, shortcut);
}

interface Layer {
  readonly out: number;
  readonly channels: number;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

function readLayer(state: StateDict, name: string, kernel: number): Layer {
  const weight = state.tensor(`${name}.weight`, 4);
  const bias = state.tensor(`${name}.bias`, 1);
  const [out = 0, channels = 0, height, width] = weight.shape;
  if (height !== kernel || width !== kernel || bias.data.length !== out) {
    throw refused(`${name} has weights of shape [${weight.shape}] and ${bias.data.length} biases.`);
  }
  if (out > MAX_WIDTH || channels > MAX_WIDTH) throw refused(`${name} is wider than any SPAN network.`);
  return { out, channels, weight: weight.data, bias: bias.data };
}

/** third * (second * (first * x + b1) + b2) + b3 + shortcut * x + bs, per tap; sums in float64. */
function merge(first: Layer, second: Layer, third: Layer, shortcut: Layer): { weight: Tensor; bias: Tensor } {
  // The inner pair first: [second.out, first.channels] per tap.
  const inner = new Float64Array(second.out * first.channels * TAPS);
  const innerBias = Float64Array.from(second.bias);
  for (let out = 0; out < second.out; out++) {
    for (let mid = 0; mid < first.out; mid++) {
      for (let tap = 0; tap < TAPS; tap++) {
        const factor = second.weight[(out * first.out + mid) * TAPS + tap] ?? 0;
        innerBias[out] = (innerBias[out] ?? 0) + factor * (first.bias[mid] ?? 0);
        for (let channel = 0; channel < first.channels; channel++) {
          const index = (out * first.channels + channel) * TAPS + tap;
          inner[index] = (inner[index] ?? 0) + factor * (first.weight[mid * first.channels + channel] ?? 0);
        }
      }
    }
  }
  const size = first.channels * TAPS;
  const weight = new Float64Array(third.out * size);
  const bias = Float64Array.from(third.bias, (value, out) => value + (shortcut.bias[out] ?? 0));
  for (let out = 0; out < third.out; out++) {
    for (let mid = 0; mid < second.out; mid++) {
      const factor = third.weight[out * second.out + mid] ?? 0;
      bias[out] = (bias[out] ?? 0) + factor * (innerBias[mid] ?? 0);
      for (let index = 0; index < size; index++) {
        weight[out * size + index] = (weight[out * size + index] ?? 0) + factor * (inner[mid * size + index] ?? 0);
      }
    }
    for (let channel = 0; channel < first.channels; channel++) {
      const middle = out * size + channel * TAPS + (TAPS - 1) / 2;
      weight[middle] = (weight[middle] ?? 0) + (shortcut.weight[out * first.channels + channel] ?? 0);
    }
  }
  return {
    weight: tensor([third.out, first.channels, 3, 3], Float32Array.from(weight)),
    bias: tensor([third.out], Float32Array.from(bias)),
  };
}

const TAPS = 9;

/** Twice 48 in the paper's network. Merging costs the third power of it, so it must have an end. */
const MAX_WIDTH = 400;
