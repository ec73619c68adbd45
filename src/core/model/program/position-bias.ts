import type { StateDict } from '../checkpoint/state-dict.ts';
import { refused } from '../refusal.ts';
import { tensor } from '../tensor.ts';
import { relativeBias, relativeIndex } from './attention.ts';
import type { StepIndex } from './program.ts';
import type { Tokens } from './program-builder.ts';
import type { ProgramLayers } from './program-layers.ts';

/**
 * CrossFormer's dynamic position bias (DAT, RGT): the number for an offset (dy, dx) is not trained but computed by small
 * layers `name.pos_proj`, `name.pos1` to `name.pos3`. onnxruntime does so once, when it loads the network.
 * Returns [heads, tokens, tokens].
 */
export function dynamicBias(layers: ProgramLayers, name: string, window: readonly [number, number]): StepIndex {
  const [height, width] = window;
  const offsets: number[] = [];
  for (let dy = 1 - height; dy < height; dy++) for (let dx = 1 - width; dx < width; dx++) offsets.push(dy, dx);
  const step = layers.step('Identity', [tensor([offsets.length / 2, 2], Float32Array.from(offsets))]);
  let rows: Tokens = { layout: 'tokens', step, channels: 2, density: 0, extent: step };
  rows = layers.linear(rows, `${name}.pos_proj`);
  for (const part of ['pos1', 'pos2', 'pos3']) {
    const normed = layers.activate(layers.layerNorm(rows, `${name}.${part}.0`), 'relu');
    rows = layers.linear(normed, `${name}.${part}.2`);
  }
  const tokens = height * width;
  return relativeBias(layers, rows.step, relativeIndex(height, width), { heads: rows.channels, tokens });
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
