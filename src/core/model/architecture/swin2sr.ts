import { attend, sharedIndex } from '../program/attention.ts';
import { mlp } from '../program/mlp.ts';
import { checkedWindow, continuousBias, directionScales } from '../program/position-bias.ts';
import type { Pixels } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { buildFrame, type FramePlan, ignoreBuffers, planFrame, summariseFrame } from '../program/restoration-frame.ts';
import { openSwinWindows, type SwinWindows, splitQkv } from '../program/swin-attention.ts';
import { type Tensor, tensor } from '../tensor.ts';
import { defineArchitecture } from './architecture.ts';
import { axis } from './key-shapes.ts';
import { chainGroups, type SwinGroup, summariseGroups, swinGroups } from './swin-groups.ts';

interface Swin2srPlan {
  readonly frame: FramePlan;
  readonly groups: readonly SwinGroup[];
  /** Of the body that makes the high frequencies; none but with that upsampler. */
  readonly fineGroups: readonly SwinGroup[];
  readonly side: number;
  readonly isShifting: boolean;
}

/**
 * Swin2SR (Conde et al. 2022): SwinIR with the blocks of Swin V2, which compare directions, compute their position
 * bias, and have their norms behind attention and MLP.
 */
export const swin2sr = defineArchitecture<Swin2srPlan>({
  architecture: 'swin2sr',
  title: 'Swin2SR',
  requiredKeys: [first('attn.logit_scale'), first('attn.qkv.weight'), 'patch_embed.proj.weight'],

  recognise: (state) =>
    state.has(first('attn.logit_scale')) && state.has(first('attn.cpb_mlp.0.weight')) ? state : undefined,

  plan(state) {
    const tokens = axis(state, first('attn.relative_position_index'), 0);
    return {
      frame: planFrame(state, 'Swin2SR'),
      groups: swinGroups(state),
      fineGroups: swinGroups(state, 'layers_hf'),
      side: checkedWindow(Math.sqrt(tokens), first('attn')),
      // Those that were trained with pictures of one window shift none.
      isShifting: state.has('layers.0.residual_group.blocks.1.attn_mask'),
    };
  },

  summarise: ({ frame, groups, side }) =>
    [...summariseFrame(frame), summariseGroups(groups), `windows ${side}`].join(', '),

  build({ frame, groups, fineGroups, side, isShifting }, state) {
    ignoreBuffers(state);
    const layers = new ProgramLayers(state);
    // As with SwinIR: those for JPEG were trained with 0..255, and are the only ones with windows of 7.
    const white = side === 7 ? 255 : 1;
    return buildFrame(layers, frame, { multiple: side, white }, (planes, list) => {
      const windows = openSwinWindows(layers, planes, side);
      return chainGroups(layers, planes, list === 'layers' ? groups : fineGroups, (value, name, at) =>
        block(layers, value, name, { heads: at.heads, isShifted: at.isShifted && isShifting, windows }),
      );
    });
  },
});

function first(key: string): string {
  return `layers.0.residual_group.blocks.0.${key}`;
}

interface At {
  readonly heads: number;
  readonly windows: SwinWindows;
  readonly isShifted: boolean;
}

function block(layers: ProgramLayers, value: Pixels, name: string, at: At): Pixels {
  const sum = layers.add(value, layers.layerNorm(attention(layers, value, `${name}.attn`, at), `${name}.norm1`));
  return layers.add(sum, layers.layerNorm(mlp(layers, sum, `${name}.mlp`), `${name}.norm2`));
}

function attention(layers: ProgramLayers, value: Pixels, name: string, { heads, windows, isShifted }: At): Pixels {
  const cut = windows.of(isShifted);
  const { channels } = value;
  const weight = layers.weight(`${name}.qkv.weight`, [3 * channels, channels]);
  const [q, k, v] = splitQkv(layers, layers.mapped(cut.split(value), weight, qkvBias(layers, name, channels)));
  const shape = { heads, tokens: cut.tokens };
  const bias = continuousBias(
    layers,
    name,
    offsets(windows.side),
    sharedIndex(layers, windows.side, windows.side),
    shape,
  );
  const directions = directionScales(layers, name, heads);
  const made = attend(layers, q, k, v, { ...shape, bias, mask: cut.mask, directions });
  return cut.join(layers.linear(made, `${name}.proj`));
}

/** Keys have none. */
function qkvBias(layers: ProgramLayers, name: string, channels: number): Tensor | null {
  const query = layers.optionalWeight(`${name}.q_bias`, [channels]);
  const value = layers.optionalWeight(`${name}.v_bias`, [channels]);
  if (query === null && value === null) return null;
  const bias = new Float32Array(3 * channels);
  if (query !== null) bias.set(query.data);
  if (value !== null) bias.set(value.data, 2 * channels);
  return tensor([3 * channels], bias);
}

/** y and x of each offset, in shares of the largest, in the order of `relativeIndex`. */
function offsets(side: number): number[] {
  const steps = Array.from({ length: 2 * side - 1 }, (_, index) => (index - side + 1) / Math.max(side - 1, 1));
  return steps.flatMap((y) => steps.flatMap((x) => [y, x]));
}
