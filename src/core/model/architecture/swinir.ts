import { ProgramLayers } from '../program/program-layers.ts';
import {
  buildFrame,
  connection,
  type FramePlan,
  ignoreBuffers,
  mlp,
  planFrame,
  summariseFrame,
} from '../program/restoration-frame.ts';
import { openSwinWindows, swinAttention, swinTable } from '../program/swin-attention.ts';
import { defineArchitecture } from './architecture.ts';
import { type SwinGroup, swinGroups } from './swin-groups.ts';

interface SwinirPlan {
  readonly frame: FramePlan;
  readonly groups: readonly SwinGroup[];
  readonly side: number;
}

/**
 * SwinIR (Liang et al. 2021), small, medium and large, with any of its upsamplers: groups of blocks that attend within
 * windows, shifted in every other block.
 */
export const swinir = defineArchitecture<SwinirPlan>({
  architecture: 'swinir',
  title: 'SwinIR',
  requiredKeys: [
    'layers.0.residual_group.blocks.0.norm1.weight',
    'layers.0.residual_group.blocks.0.attn.relative_position_bias_table',
    'layers.0.residual_group.blocks.0.attn.qkv.weight',
    'layers.0.residual_group.blocks.0.mlp.fc1.weight',
  ],

  recognise: (state) =>
    state.has('layers.0.residual_group.blocks.0.norm1.weight') &&
    state.has('layers.0.residual_group.blocks.0.attn.relative_position_bias_table') &&
    state.has('layers.0.residual_group.blocks.0.attn.qkv.weight')
      ? state
      : undefined,

  plan(state) {
    const groups = swinGroups(state);
    const { side } = swinTable(state, 'layers.0.residual_group.blocks.0.attn');
    return { frame: planFrame(state, 'SwinIR'), groups, side };
  },

  summarise: ({ frame, groups, side }) =>
    [...summariseFrame(frame), `${groups.map(({ blocks }) => blocks).join('+')} blocks`, `windows ${side}`].join(', '),

  build({ frame, groups, side }, state) {
    ignoreBuffers(state);
    const layers = new ProgramLayers(state);
    // Those for JPEG were trained with 0..255, and are the only ones with windows of 7.
    const white = side === 7 ? 255 : 1;
    return buildFrame(layers, frame, { multiple: side, white }, (first) => {
      const windows = openSwinWindows(layers, first, side);
      const embedded = layers.toPixels(first);
      let value = layers.has('patch_embed.norm.weight') ? layers.layerNorm(embedded, 'patch_embed.norm') : embedded;
      groups.forEach(({ blocks, heads }, group) => {
        const before = value;
        for (let block = 0; block < blocks; block++) {
          const name = `layers.${group}.residual_group.blocks.${block}`;
          const shape = { heads, windows, isShifted: block % 2 === 1 };
          value = layers.add(
            value,
            swinAttention(layers, layers.layerNorm(value, `${name}.norm1`), `${name}.attn`, shape),
          );
          value = layers.add(value, mlp(layers, layers.layerNorm(value, `${name}.norm2`), `${name}.mlp`));
        }
        const made = connection(layers, layers.toPlanes(value), `layers.${group}.conv`);
        value = layers.add(layers.toPixels(made), before);
      });
      return layers.toPlanes(layers.layerNorm(value, 'norm'));
    });
  },
});
