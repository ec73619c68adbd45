import type { StateDict } from '../checkpoint/state-dict.ts';
import { refused } from '../import/refusal.ts';
import { attendChannels } from '../program/attention.ts';
import { gatedConvolutions, mlp } from '../program/mlp.ts';
import { checkedWindow } from '../program/position-bias.ts';
import type { Pixels, Planes } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { openRectangleWindows, type RectangleWindows, rectangleAttention } from '../program/rectangle-attention.ts';
import { buildFrame, type FramePlan, ignoreBuffers, planFrame, summariseFrame } from '../program/restoration-frame.ts';
import { splitQkv } from '../program/swin-attention.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface CraftPlan {
  readonly frame: FramePlan;
  readonly groups: readonly { readonly blocks: number; readonly heads: number }[];
  /** Of the first half of the channels; the second has it turned. */
  readonly window: readonly [height: number, width: number];
  /** [count, 2] of each half's windows. */
  readonly offsets: readonly [Float32Array, Float32Array];
}

/**
 * CRAFT (Li et al. 2023): attention within rectangular windows beside convolutions that keep edges, whose view then
 * asks for channels of the first.
 */
export const craft = defineArchitecture<CraftPlan>({
  architecture: 'craft',
  title: 'CRAFT',
  requiredKeys: [
    'conv_first.weight',
    `${group(0)}.hf_blocks.0.attn.temperature`,
    `${group(0)}.srwa_blocks.0.qkv.weight`,
  ],

  recognise: (state) =>
    state.has('conv_first.weight') && state.has(`${group(0)}.hf_blocks.0.attn.temperature`) ? state : undefined,

  plan(state) {
    const count = countConsecutive(state, (index) => `${group(index)}.hf_blocks.0.attn.temperature`);
    const groups = Array.from({ length: count }, (_, index) => ({
      blocks: countConsecutive(state, (block) => `${group(index)}.hf_blocks.${block}.attn.temperature`),
      heads: axis(state, `${group(index)}.hf_blocks.0.attn.temperature`, 0),
    }));
    const window = windowOf(state);
    const offsets = [offsetsOf(state, 'biases_h', window), offsetsOf(state, 'biases_v', window)] as const;
    return { frame: planFrame(state, 'CRAFT'), groups, window, offsets };
  },

  summarise: ({ frame, groups, window }) =>
    [
      ...summariseFrame(frame),
      `${groups.map(({ blocks }) => blocks).join('+')} blocks`,
      `windows ${window.join('x')}`,
    ].join(', '),

  build({ frame, groups, window, offsets }, state) {
    ignoreBuffers(state);
    const layers = new ProgramLayers(state);
    const sides = { multiple: MULTIPLE, beyond: 1, padding: 'symmetric' } as const;
    return buildFrame(layers, frame, sides, (first) => {
      const windows = openRectangleWindows(layers, first, window, false);
      let value = first;
      groups.forEach(({ blocks, heads }, index) => {
        const before = value;
        for (let block = 0; block < blocks; block++) {
          value = crossRefined(layers, value, { name: group(index), block, heads, windows, offsets });
        }
        value = layers.add(layers.conv(value, `layers.${index}.conv`), before);
      });
      return layers.layerNormPlanes(value, 'norm.body', 1e-5);
    });
  },
});

/** The authors fill sides up to the next multiple beyond them. */
const MULTIPLE = 16;

function group(index: number): string {
  return `layers.${index}.residual_group`;
}

/** From the places of each pair's offset, which fall by one along a row of the window. */
function windowOf(state: StateDict): readonly [number, number] {
  const name = 'relative_position_index_h';
  const { shape, data } = state.indices(name, 2);
  const [tokens = 0] = shape;
  const first = data.subarray(0, tokens);
  const end = first.findIndex((place, index) => place !== first[0]! - index);
  const width = end < 0 ? tokens : end;
  if (width === tokens) throw refused(`${name} does not tell whether windows of one pixel lie or stand.`);
  return [checkedWindow(tokens / width, name), checkedWindow(width, name)];
}

/**
 * Not made here: in the authors' files those of upright windows stand where those of lying ones belong, and so are they
 * trained.
 */
function offsetsOf(state: StateDict, name: string, [height, width]: readonly [number, number]): Float32Array {
  const { shape, data } = state.tensor(name, 2);
  if (shape[0] !== (2 * height - 1) * (2 * width - 1) || shape[1] !== 2)
    throw refused(`${name} is no list of offsets.`);
  return data;
}

interface At {
  /** Of the group. */
  readonly name: string;
  readonly block: number;
  readonly heads: number;
  readonly windows: RectangleWindows;
  readonly offsets: CraftPlan['offsets'];
}

function crossRefined(layers: ProgramLayers, input: Planes, at: At): Planes {
  const { name, block } = at;
  let low = layers.toPixels(input);
  low = windowBlock(layers, low, `${name}.srwa_blocks.${2 * block}`, at, false);
  low = windowBlock(layers, low, `${name}.srwa_blocks.${2 * block + 1}`, at, true);
  const high = edges(layers, input, `${name}.hfer_blocks.${block}`);
  return fused(layers, layers.toPlanes(low), high, `${name}.hf_blocks.${block}`, at.heads);
}

function windowBlock(layers: ProgramLayers, input: Pixels, name: string, at: At, isShifted: boolean): Pixels {
  const qkv = layers.linear(layers.layerNorm(input, `${name}.norm1`), `${name}.qkv`, 3 * input.channels);
  const attended = rectangleAttention(layers, qkv, name, { ...at, isShifted });
  const values = layers.toPlanes(splitQkv(layers, qkv)[2]);
  const near = layers.toPixels(layers.conv(values, `${name}.get_v`, { groups: input.channels }));
  const sum = layers.add(input, layers.linear(layers.add(attended, near), `${name}.proj`));
  return layers.add(sum, mlp(layers, layers.layerNorm(sum, `${name}.norm2`), `${name}.mlp`));
}

/** What is near, and the largest values around. */
function edges(layers: ProgramLayers, input: Planes, name: string): Planes {
  const half = input.channels / 2;
  const near = layers.activate(layers.conv(layers.channels(input, 0, half), `${name}.conv`), 'gelu');
  const other = layers.channels(input, half, input.channels);
  const pooled = layers.step('MaxPool', [other.step], { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] });
  const sharp = layers.activate(layers.conv({ ...other, step: pooled }, `${name}.fc`), 'gelu');
  return layers.add(input, layers.conv(layers.concat([near, sharp]), `${name}.last_fc`));
}

function fused(layers: ProgramLayers, low: Planes, high: Planes, name: string, heads: number): Planes {
  const seen = (planes: Planes, part: string) => {
    const wide = layers.conv(planes, `${name}.attn.${part}`);
    return layers.conv(wide, `${name}.attn.${part}_dwconv`, { groups: wide.channels });
  };
  const { channels } = low;
  const query = layers.toPixels(seen(high, 'q'));
  const both = layers.toPixels(seen(layers.layerNormPlanes(low, `${name}.norm1.body`, 1e-5), 'kv'));
  const [key, value] = [layers.channels(both, 0, channels), layers.channels(both, channels, 2 * channels)];
  const shape = { heads, tokens: 'all', temperature: `${name}.attn.temperature` } as const;
  const made = layers.toPlanes(attendChannels(layers, query, key, value, shape));
  const sum = layers.add(low, layers.conv(made, `${name}.attn.project_out`));
  return layers.add(
    sum,
    gatedConvolutions(layers, layers.layerNormPlanes(sum, `${name}.norm2.body`, 1e-5), `${name}.ffn`),
  );
}
