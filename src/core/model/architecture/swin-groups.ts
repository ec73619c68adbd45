import type { StateDict } from '../checkpoint/state-dict.ts';
import { countConsecutive } from './key-shapes.ts';

/** One of the groups of blocks that SwinIR and its descendants call `layers`. */
export interface SwinGroup {
  readonly blocks: number;
  readonly heads: number;
}

export function swinGroups(state: StateDict): readonly SwinGroup[] {
  const name = (group: number) => `layers.${group}.residual_group.blocks`;
  const groups = countConsecutive(state, (group) => `${name(group)}.0.norm1.weight`);
  return Array.from({ length: groups }, (_, group) => ({
    blocks: countConsecutive(state, (block) => `${name(group)}.${block}.norm1.weight`),
    heads: state.shape(`${name(group)}.0.attn.relative_position_bias_table`)?.[1] ?? 0,
  }));
}
