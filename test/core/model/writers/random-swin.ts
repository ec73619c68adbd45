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

export function addMlp(layers: RandomAttention, name: string, features: number, ratio = 2): void {
  layers.linear(`${name}.fc1`, ratio * features, features);
  layers.linear(`${name}.fc2`, features, ratio * features, true, 0.5);
}

export function randomSrformer(shape: SwinShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, heads, window } = shape;
  const side = window / 2;
  addSwinGroups(layers, shape, (name, isShifted) => {
    const attention = `${name}.attn`;
    layers.add(`${attention}.relative_position_bias_table`, [(2 * side - 1) ** 2, heads], 0, 1);
    layers.integer(`${attention}.aligned_relative_position_index`, [window ** 2, side ** 2], alignedIndices(side));
    layers.linear(`${attention}.q`, features, features);
    layers.linear(`${attention}.kv`, features / 2, features);
    layers.linear(`${attention}.proj`, features, features, true, 0.5);
    if (isShifted) {
      // As many keys as a quarter of the places.
      layers.add(`${name}.attn_mask`, [4, window ** 2, side ** 2], 0, 0);
    }
    addMlp(layers, `${name}.mlp`, features);
    layers.depthwise(`${name}.mlp.dwconv.depthwise_conv.0`, 2 * features, 5);
  });
  return layers;
}

/** Places of a window to keys that stand for two by two of them. */
function alignedIndices(side: number): number[] {
  return Array.from({ length: 4 * side ** 4 }, (_, pair) => {
    const [query, key] = [Math.floor(pair / side ** 2), pair % side ** 2];
    const [y, x] = [Math.floor(query / (2 * side)) >> 1, (query % (2 * side)) >> 1];
    return (y - Math.floor(key / side) + side - 1) * (2 * side - 1) + x - (key % side) + side - 1;
  });
}

/** @param outer side of the windows for keys and values */
export function randomHat(shape: SwinShape & { readonly outer: number }, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, heads, window, outer } = shape;
  layers.integer('relative_position_index_SA', [window ** 2, window ** 2], relativeIndices(window, window));
  layers.integer('relative_position_index_OCA', [window ** 2, outer ** 2], overlapIndices(window, outer));
  addSwinGroups(
    layers,
    shape,
    (name) => {
      addSwinAttention(layers, `${name}.attn`, shape, false);
      addMlp(layers, `${name}.mlp`, features);
      // What it adds is scaled by 0.01.
      layers.conv(`${name}.conv_block.cab.0`, features / 2, features);
      layers.conv(`${name}.conv_block.cab.2`, features, features / 2, 3, true, 30);
      layers.conv(`${name}.conv_block.cab.3.attention.1`, features / 4, features, 1);
      layers.conv(`${name}.conv_block.cab.3.attention.3`, features, features / 4, 1);
    },
    (name) => {
      const attention = `${name}.overlap_attn`;
      layers.norm(`${attention}.norm1`, features);
      layers.norm(`${attention}.norm2`, features);
      layers.linear(`${attention}.qkv`, 3 * features, features);
      layers.linear(`${attention}.proj`, features, features, true, 0.5);
      layers.add(`${attention}.relative_position_bias_table`, [(window + outer - 1) ** 2, heads], 0, 1);
      addMlp(layers, `${attention}.mlp`, features);
    },
  );
  return layers;
}

function overlapIndices(window: number, outer: number): number[] {
  return Array.from({ length: window ** 2 * outer ** 2 }, (_, pair) => {
    const [query, key] = [Math.floor(pair / outer ** 2), pair % outer ** 2];
    const dy = Math.floor(key / outer) - Math.floor(query / window) + window - outer + 1;
    const dx = (key % outer) - (query % window) + window - outer + 1;
    return dy * (window + outer - 1) + dx;
  });
}

/** @param growth channels that each block of a group adds */
export function randomDrct(
  shape: Omit<SwinShape, 'depths'> & { readonly growth: number; readonly groups: number },
  seed: number,
): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, heads, window, growth, groups } = shape;
  addFrame(layers, shape, () => {
    layers.norm('patch_embed.norm', features);
    for (let group = 0; group < groups; group++) {
      for (let block = 1; block <= 5; block++) {
        const name = `layers.${group}.swin${block}`;
        const channels = features + (block - 1) * growth;
        layers.norm(`${name}.norm1`, channels);
        layers.norm(`${name}.norm2`, channels);
        addSwinAttention(layers, `${name}.attn`, {
          ...shape,
          depths: [],
          features: channels,
          heads: heads - (channels % heads),
        });
        if (block % 2 === 0) layers.mask(`${name}.attn_mask`, window ** 2, 4);
        // The authors give the last two a narrower MLP.
        addMlp(layers, `${name}.mlp`, channels, block < 4 ? 2 : 1);
        layers.conv(`layers.${group}.adjust${block}`, block < 5 ? growth : features, channels, 1);
      }
    }
    layers.norm('norm', features);
  });
  return layers;
}

export interface AtdShape extends SwinShape {
  /** Of the dictionary of each group. */
  readonly entries: number;
  readonly hasMean?: boolean;
}

export function randomAtd(shape: AtdShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, depths, window, entries, hasMean = true } = shape;
  layers.integer('relative_position_index_SA', [window ** 2, window ** 2], relativeIndices(window, window));
  if (!hasMean) layers.vector('no_norm', 1, 0, 0);
  addFrame(layers, shape, () => {
    layers.norm('patch_embed.norm', features);
    depths.forEach((depth, group) => {
      const name = `layers.${group}.residual_group`;
      layers.add(`${name}.td`, [entries, features], 0, 1);
      for (let block = 0; block < depth; block++) {
        addDictionaryBlock(layers, `${name}.layers.${block}`, shape);
        if (block < depth - 1) {
          layers.norm(`${name}.layers.${block}.norm3`, entries);
          layers.add(`${name}.layers.${block}.sigma`, [entries, 1], 0, 1);
        }
      }
      addConnection(layers, `layers.${group}.conv`, shape);
    });
    layers.norm('norm', features);
  });
  return layers;
}

function addDictionaryBlock(layers: RandomAttention, name: string, shape: AtdShape): void {
  const { features, window, heads, entries } = shape;
  layers.norm(`${name}.norm1`, features);
  layers.norm(`${name}.norm2`, features);
  layers.linear(`${name}.wqkv`, 3 * features, features);
  layers.add(`${name}.attn_win.relative_position_bias_table`, [(2 * window - 1) ** 2, heads], 0, 1);
  layers.linear(`${name}.attn_win.proj`, features, features, true, 0.5);
  layers.vector(`${name}.attn_atd.scale`, entries, 0.5, 0.8);
  layers.linear(`${name}.attn_atd.wq`, 4, features);
  layers.linear(`${name}.attn_atd.wk`, 4, features);
  layers.linear(`${name}.attn_atd.wv`, features, features);
  layers.add(`${name}.attn_aca.logit_scale`, [1, 1], -0.5, 0.5);
  layers.linear(`${name}.attn_aca.proj`, features, features, true, 0.5);
  addMlp(layers, `${name}.convffn`, features);
  layers.depthwise(`${name}.convffn.dwconv.depthwise_conv.0`, 2 * features, 5);
}

export function randomSwin2sr(shape: SwinShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, heads, window, depths } = shape;
  addSwinGroups(layers, shape, (name, isShifted) => {
    const attention = `${name}.attn`;
    layers.add(`${attention}.logit_scale`, [heads, 1, 1], 3, 2);
    layers.linear(`${attention}.cpb_mlp.0`, 512, 2);
    layers.linear(`${attention}.cpb_mlp.2`, heads, 512, false);
    layers.weights.set(`${attention}.relative_coords_table`, logarithmicOffsets(window));
    layers.integer(`${attention}.relative_position_index`, [window ** 2, window ** 2], relativeIndices(window, window));
    layers.linear(`${attention}.qkv`, 3 * features, features, false);
    layers.vector(`${attention}.q_bias`, features, 0, 0.3);
    layers.vector(`${attention}.v_bias`, features, 0, 0.3);
    layers.linear(`${attention}.proj`, features, features, true, 0.5);
    if (isShifted) layers.mask(`${name}.attn_mask`, window ** 2, 4);
    addMlp(layers, `${name}.mlp`, features);
  });
  for (const name of ['patch_embed', ...depths.map((_, group) => `layers.${group}.patch_embed`)]) {
    layers.conv(`${name}.proj`, features, features, 1);
  }
  if (shape.upsampler === 'pixelshuffle_hf') addFineBody(layers, shape, seed + 1);
  return layers;
}

/** The body that makes high frequencies is as the first. */
function addFineBody(layers: RandomAttention, shape: SwinShape, seed: number): void {
  const other = randomSwin2sr({ ...shape, upsampler: 'pixelshuffle' }, seed);
  for (const part of ['weights', 'integers'] as const) {
    const own: Map<string, unknown> = layers[part];
    for (const [key, value] of other[part]) {
      if (key.startsWith('layers.')) own.set(key.replace('layers', 'layers_hf'), value);
    }
  }
}

/** What torch keeps: y and x of each offset in shares of the largest, times 8, as logarithms. */
function logarithmicOffsets(window: number) {
  const span = 2 * window - 1;
  const data = Float32Array.from({ length: span ** 2 * 2 }, (_, at) => {
    const offset = (at % 2 === 0 ? Math.floor(at / 2 / span) : (at >> 1) % span) - window + 1;
    return (Math.sign(offset) * Math.log2(Math.abs((offset * 8) / (window - 1)) + 1)) / 3;
  });
  return { shape: [1, span, span, 2], data };
}
