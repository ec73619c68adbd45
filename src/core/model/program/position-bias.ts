import type { StateDict } from '../checkpoint/state-dict.ts';
import { refused } from '../import/refusal.ts';
import { type Tensor, tensor } from '../tensor.ts';
import { relativeBias, sharedIndex } from './attention.ts';
import type { PairIndex } from './pair-index.ts';
import type { StepIndex } from './program.ts';
import type { Tokens } from './program-builder.ts';
import type { ProgramLayers } from './program-layers.ts';

/**
 * CrossFormer's dynamic position bias (DAT, RGT): the number for an offset (dy, dx) is not trained but computed by
 * small layers `name.pos_proj`, `name.pos1` to `name.pos3`. onnxruntime does so once, when it loads the network.
 * Returns [heads, tokens, tokens].
 * @param offsets pairs of all there are, row by row; a network that was trained with others in their places says so
 */
export function dynamicBias(
  layers: ProgramLayers,
  name: string,
  [height, width]: readonly [number, number],
  offsets: ArrayLike<number> = offsetsOf(height, width),
): StepIndex {
  const step = layers.step('Identity', [tensor([offsets.length / 2, 2], Float32Array.from(offsets))]);
  let rows: Tokens = { layout: 'tokens', step, channels: 2, density: 0, extent: step };
  rows = layers.linear(rows, `${name}.pos_proj`);
  for (const part of ['pos1', 'pos2', 'pos3']) {
    const normed = layers.activate(layers.layerNorm(rows, `${name}.${part}.0`), 'relu');
    rows = layers.linear(normed, `${name}.${part}.2`);
  }
  const tokens = height * width;
  return relativeBias(layers, rows.step, sharedIndex(layers, height, width), { heads: rows.channels, tokens });
}

function offsetsOf(height: number, width: number): readonly number[] {
  const offsets: number[] = [];
  for (let dy = 1 - height; dy < height; dy++) for (let dx = 1 - width; dx < width; dx++) offsets.push(dy, dx);
  return offsets;
}

/**
 * Swin V2's continuous position bias (Liu et al. 2022): computed by small layers `name.cpb_mlp` of the logarithm of
 * each offset, of which there are `offsets` [count, 2] in shares of the largest. 0 to 16, [heads, queries, keys].
 * Computed here: onnxruntime would do so once, too, but keep what lies between the layers of all tables until the last.
 * @throws UpreelError `model-refused`
 */
export function continuousBias(
  layers: ProgramLayers,
  name: string,
  offsets: readonly number[],
  index: PairIndex,
  shape: { heads: number; tokens: number; keys?: number },
): StepIndex {
  const { heads } = shape;
  const first = layers.weight(`${name}.cpb_mlp.0.weight`, [null, 2]);
  const [hidden = 0] = first.shape;
  if (hidden > MOST_HIDDEN) throw refused(`${name}.cpb_mlp has ${hidden} features between its layers.`);
  const second = layers.weight(`${name}.cpb_mlp.2.weight`, [heads, hidden]);
  const firstBias = layers.optionalWeight(`${name}.cpb_mlp.0.bias`, [hidden])?.data;
  const secondBias = layers.optionalWeight(`${name}.cpb_mlp.2.bias`, [heads])?.data;
  const places = Float32Array.from(offsets, (share) => (Math.sign(share) * Math.log2(Math.abs(share) * 8 + 1)) / 3);
  const made = new Float32Array((places.length / 2) * heads);
  const values = new Float32Array(hidden);
  for (let place = 0; place < places.length / 2; place++) {
    const [y, x] = [places[2 * place]!, places[2 * place + 1]!];
    for (let unit = 0; unit < hidden; unit++) {
      const value = first.data[2 * unit]! * y + first.data[2 * unit + 1]! * x + (firstBias?.[unit] ?? 0);
      values[unit] = value > 0 ? value : 0;
    }
    for (let head = 0; head < heads; head++) {
      let sum = secondBias?.[head] ?? 0;
      for (let unit = 0; unit < hidden; unit++) sum += values[unit]! * second.data[head * hidden + unit]!;
      made[place * heads + head] = 16 / (1 + Math.exp(-sum));
    }
  }
  return relativeBias(layers, tensor([places.length / 2, heads], made), index, shape);
}

/** Of published networks it is 512. */
const MOST_HIDDEN = 2048;

/** exp of the trained logarithms `name.logit_scale`, of which none counts for more than 100. */
export function directionScales(layers: ProgramLayers, name: string, heads: number): Tensor {
  const { data } = layers.weight(`${name}.logit_scale`, [heads, 1, 1]);
  return tensor(
    [heads, 1, 1],
    Float32Array.from(data, (value) => Math.exp(Math.min(value, Math.log(100)))),
  );
}

/**
 * Height and width of rectangular windows, from the list of offsets `name.rpe_biases` that goes up to them.
 * @throws UpreelError `model-refused`
 */
export function rectangleOf(state: StateDict, name: string): readonly [height: number, width: number] {
  const offsets = state.tensor(`${name}.rpe_biases`, 2).data;
  const [height = 0, width = 0] = offsets.slice(-2).map((last) => last + 1);
  return [checkedWindow(height, name), checkedWindow(width, name)];
}

/** @throws UpreelError `model-refused` */
export function checkedWindow(side: number, name: string): number {
  if (Number.isInteger(side) && side >= 1 && side <= MAX_SIDE) return side;
  throw refused(`${name} calls for windows of ${side} pixels.`);
}

/** The largest in use is 32. Tables grow with the fourth power. */
const MAX_SIDE = 36;
