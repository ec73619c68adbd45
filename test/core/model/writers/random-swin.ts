import { RandomAttention } from './random-attention.ts';
import { relativeIndices } from './random-dat.ts';
import { addConnection, addFrame, type FrameShape } from './random-frame.ts';

export interface SwinShape extends FrameShape {
  readonly heads: number;
  readonly depths: readonly number[];
  readonly window: number;
}

export function randomSwinir(shape: SwinShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  addSwinGroups(layers, shape, (name, isShifted) => {
    addSwinAttention(layers, `${name}.attn`, shape);
    if (isShifted) layers.mask(`${name}.attn_mask`, shape.window ** 2, 4);
    addMlp(layers, `${name}.mlp`, shape.features);
  });
  return layers;
}

/** The frame, and the groups of SwinIR with the norms of their blocks, whose other layers `addBlock` adds. */
export function addSwinGroups(
  layers: RandomAttention,
  shape: SwinShape,
  addBlock: (name: string, isShifted: boolean, group: number) => void,
  addGroupEnd: (name: string) => void = () => undefined,
): void {
  const { features, depths } = shape;
  addFrame(layers, shape, () => {
    layers.norm('patch_embed.norm', features);
    depths.forEach((depth, group) => {
      for (let block = 0; block < depth; block++) {
        const name = `layers.${group}.residual_group.blocks.${block}`;
        layers.norm(`${name}.norm1`, features);
        layers.norm(`${name}.norm2`, features);
        addBlock(name, block % 2 === 1, group);
      }
      addGroupEnd(`layers.${group}.residual_group`);
      addConnection(layers, `layers.${group}.conv`, shape);
    });
    layers.norm('norm', features);
  });
}

export function addSwinAttention(layers: RandomAttention, name: string, shape: SwinShape, hasIndex = true): void {
  const { features, heads, window } = shape;
  const tokens = window ** 2;
  layers.add(`${name}.relative_position_bias_table`, [(2 * window - 1) ** 2, heads], 0, 1);
  if (hasIndex) layers.integer(`${name}.relative_position_index`, [tokens, tokens], relativeIndices(window, window));
  layers.linear(`${name}.qkv`, 3 * features, features);
  layers.linear(`${name}.proj`, features, features, true, 0.5);
}

export function addMlp(layers: RandomAttention, name: string, features: number): void {
  layers.linear(`${name}.fc1`, 2 * features, features);
  layers.linear(`${name}.fc2`, features, 2 * features, true, 0.5);
}
