import type { StateDict } from '../checkpoint/state-dict.ts';
import { refused } from '../import/refusal.ts';
import { attend, relativeBias } from '../program/attention.ts';
import { weighChannels } from '../program/channel-weights.ts';
import { mlp } from '../program/mlp.ts';
import { cutOverlapping } from '../program/overlap.ts';
import { type PairIndex, pairIndex } from '../program/pair-index.ts';
import { checkedWindow } from '../program/position-bias.ts';
import type { Pixels, Planes, Tokens } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { buildFrame, type FramePlan, ignoreBuffers, planFrame, summariseFrame } from '../program/restoration-frame.ts';
import { openSwinWindows, type SwinWindows, splitQkv, swinAttention, swinTable } from '../program/swin-attention.ts';
import { defineArchitecture } from './architecture.ts';
import { chainGroups, type SwinGroup, summariseGroups, swinGroups } from './swin-groups.ts';

interface HatPlan {
  readonly frame: FramePlan;
  readonly groups: readonly SwinGroup[];
  readonly side: number;
  /** Of the windows for keys and values that end each group. */
  readonly outer: number;
}

/**
 * HAT (Hybrid Attention Transformer, Chen et al. 2023; S, M, L): SwinIR's blocks with convolutions weighed by channel
 * beside their attention, and at the end of each group attention from a window to a larger one around it.
 */
export const hat = defineArchitecture<HatPlan>({
  architecture: 'hat',
  title: 'HAT',
  requiredKeys: [
    'layers.0.residual_group.blocks.0.conv_block.cab.0.weight',
    'layers.0.residual_group.overlap_attn.qkv.weight',
    'layers.0.residual_group.overlap_attn.relative_position_bias_table',
  ],

  recognise: (state) =>
    state.has('layers.0.residual_group.overlap_attn.qkv.weight') &&
    state.has('layers.0.residual_group.blocks.0.conv_block.cab.0.weight')
      ? state
      : undefined,

  plan(state) {
    const { side } = swinTable(state, 'layers.0.residual_group.blocks.0.attn');
    return { frame: planFrame(state, 'HAT'), groups: swinGroups(state), side, outer: outerSide(state, side) };
  },

  summarise: ({ frame, groups, side, outer }) =>
    [...summariseFrame(frame), summariseGroups(groups), `windows ${side} and ${outer}`].join(', '),

  build({ frame, groups, side, outer }, state) {
    ignoreBuffers(state);
    const layers = new ProgramLayers(state);
    return buildFrame(layers, frame, { multiple: side }, (first) => {
      const windows = openSwinWindows(layers, first, side);
      const overlap: Overlap = {
        windows,
        outer,
        index: overlapIndex(side, outer),
        split: cutOverlapping(layers, layers.sizeOf(first), side, outer),
      };
      return chainGroups(
        layers,
        first,
        groups,
        (value, name, at) => {
          const normed = layers.layerNorm(value, `${name}.norm1`);
          const attended = swinAttention(layers, normed, `${name}.attn`, { ...at, windows });
          const convolved = weighedConvolutions(layers, layers.toPlanes(normed), `${name}.conv_block.cab`);
          const beside = layers.times(layers.toPixels(convolved), CONVOLUTION_SCALE);
          return withMlp(layers, layers.add(layers.add(value, attended), beside), name);
        },
        (value, name, { heads }) => {
          const attended = overlappingAttention(layers, value, `${name}.overlap_attn`, { ...overlap, heads });
          return withMlp(layers, layers.add(attended, value), `${name}.overlap_attn`);
        },
      );
    });
  },
});

/** Not in the file, and the same in every published configuration. */
const CONVOLUTION_SCALE = 0.01;

/** Two sides and the offsets between their places: (side + outer - 1)^2 of them. */
function outerSide(state: StateDict, side: number): number {
  const name = 'layers.0.residual_group.overlap_attn';
  const offsets = state.shape(`${name}.relative_position_bias_table`)?.[0] ?? 0;
  const outer = checkedWindow(Math.sqrt(offsets) - side + 1, name);
  if (outer < side || (outer - side) % 2 !== 0) throw refused(`${name} has windows of ${outer} around ${side} pixels.`);
  return outer;
}

function withMlp(layers: ProgramLayers, value: Pixels, name: string): Pixels {
  return layers.add(value, mlp(layers, layers.layerNorm(value, `${name}.norm2`), `${name}.mlp`));
}

function weighedConvolutions(layers: ProgramLayers, planes: Planes, name: string): Planes {
  const made = layers.conv(layers.activate(layers.conv(planes, `${name}.0`), 'gelu'), `${name}.2`);
  return weighChannels(layers, made, `${name}.3.attention.1`, `${name}.3.attention.3`);
}

interface Overlap {
  readonly windows: SwinWindows;
  readonly outer: number;
  readonly index: PairIndex;
  readonly split: (pixels: Pixels) => Tokens;
}

function overlappingAttention(
  layers: ProgramLayers,
  pixels: Pixels,
  name: string,
  { windows, outer, index, split, heads }: Overlap & { heads: number },
): Pixels {
  const cut = windows.of(false);
  const [queries, keys, values] = splitQkv(
    layers,
    layers.linear(layers.layerNorm(pixels, `${name}.norm1`), `${name}.qkv`, 3 * pixels.channels),
  );
  const table = layers.weight(`${name}.relative_position_bias_table`, [(windows.side + outer - 1) ** 2, heads]);
  const shape = { heads, tokens: cut.tokens, keys: outer ** 2 };
  const bias = relativeBias(layers, table, index, shape);
  const attended = attend(layers, cut.split(queries), split(keys), split(values), { ...shape, bias });
  return cut.join(layers.linear(attended, `${name}.proj`));
}

/**
 * HAT's numbering of the offsets from a query to a key of the larger window. It begins below zero, and torch takes such
 * indices from the end of the table.
 */
function overlapIndex(side: number, outer: number): PairIndex {
  const [span, begin] = [side + outer - 1, side - outer + 1];
  return pairIndex(side ** 2, outer ** 2, outer, (query, key) => {
    const dy = Math.floor(key / outer) - Math.floor(query / side) + begin;
    const dx = (key % outer) - (query % side) + begin;
    const index = dy * span + dx;
    return index < 0 ? index + span ** 2 : index;
  });
}
