import { ProgramLayers } from '../program/program-layers.ts';
import { buildFrame, type FramePlan, ignoreBuffers, planFrame, summariseFrame } from '../program/restoration-frame.ts';
import { openSwinWindows, swinBlock, swinTable } from '../program/swin-attention.ts';
import { defineArchitecture } from './architecture.ts';
import { chainGroups, type SwinGroup, summariseGroups, swinGroups } from './swin-groups.ts';

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
    [...summariseFrame(frame), summariseGroups(groups), `windows ${side}`].join(', '),

  build({ frame, groups, side }, state) {
    ignoreBuffers(state);
    const layers = new ProgramLayers(state);
    // Those for JPEG were trained with 0..255, and are the only ones with windows of 7.
    const white = side === 7 ? 255 : 1;
    return buildFrame(layers, frame, { multiple: side, white }, (first) => {
      const windows = openSwinWindows(layers, first, side);
      return chainGroups(layers, first, groups, (value, name, at) =>
        swinBlock(layers, value, name, { ...at, windows }),
      );
    });
  },
});
