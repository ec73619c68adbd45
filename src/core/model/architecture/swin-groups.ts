import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Pixels, Planes } from '../program/program-builder.ts';
import type { ProgramLayers } from '../program/program-layers.ts';
import { connection } from '../program/restoration-frame.ts';
import { countConsecutive } from './key-shapes.ts';

/** One of the groups of blocks that SwinIR and its descendants call `layers`. */
export interface SwinGroup {
  /** Of its keys: layers.0 */
  readonly name: string;
  readonly blocks: number;
  readonly heads: number;
}

export function swinGroups(state: StateDict, list = 'layers'): readonly SwinGroup[] {
  const blocks = (group: number) => `${list}.${group}.residual_group.blocks`;
  const groups = countConsecutive(state, (group) => `${blocks(group)}.0.norm1.weight`);
  return Array.from({ length: groups }, (_, group) => ({
    name: `${list}.${group}`,
    blocks: countConsecutive(state, (block) => `${blocks(group)}.${block}.norm1.weight`),
    heads: headsOf(state, `${blocks(group)}.0.attn`),
  }));
}

/** By a table of positions, or Swin2SR's scales. */
function headsOf(state: StateDict, name: string): number {
  return state.shape(`${name}.relative_position_bias_table`)?.[1] ?? state.shape(`${name}.logit_scale`)?.[0] ?? 0;
}

/**
 * The groups one after the other, each with a convolution at its end and a residual around, between the norms
 * `patch_embed.norm` and `norm`.
 * @param block from the name of its keys
 * @param end of a group, before its convolution
 */
export function chainGroups(
  layers: ProgramLayers,
  first: Planes,
  groups: readonly SwinGroup[],
  block: (value: Pixels, name: string, at: { heads: number; isShifted: boolean }) => Pixels,
  end: (value: Pixels, name: string, group: SwinGroup) => Pixels = (value) => value,
): Planes {
  const embedded = layers.toPixels(projected(layers, first, 'patch_embed.proj'));
  let value = layers.has('patch_embed.norm.weight') ? layers.layerNorm(embedded, 'patch_embed.norm') : embedded;
  for (const group of groups) {
    const before = value;
    for (let number = 0; number < group.blocks; number++) {
      const name = `${group.name}.residual_group.blocks.${number}`;
      value = block(value, name, { heads: group.heads, isShifted: number % 2 === 1 });
    }
    value = end(value, `${group.name}.residual_group`, group);
    const joined = connection(layers, layers.toPlanes(value), `${group.name}.conv`);
    const made = projected(layers, joined, `${group.name}.patch_embed.proj`);
    value = layers.add(layers.toPixels(made), before);
  }
  return layers.toPlanes(layers.layerNorm(value, 'norm'));
}

/** Swin2SR has a convolution wherever the picture becomes places. */
function projected(layers: ProgramLayers, planes: Planes, name: string): Planes {
  return layers.has(`${name}.weight`) ? layers.conv(planes, name, { kernel: 1 }) : planes;
}

export function summariseGroups(groups: readonly SwinGroup[]): string {
  return `${groups.map(({ blocks }) => blocks).join('+')} blocks`;
}
