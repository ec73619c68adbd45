import { RandomAttention } from './random-attention.ts';
import { addConnection, addFrame, type FrameShape } from './random-frame.ts';

export interface DatShape extends FrameShape {
  readonly heads: number;
  /** Blocks of each group. */
  readonly depths: readonly number[];
  readonly window: readonly [number, number];
}

export function randomDat(shape: DatShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, depths } = shape;
  addFrame(layers, shape, () => {
    layers.norm('before_RG.1', features);
    depths.forEach((depth, group) => {
      for (let block = 0; block < depth; block++) {
        const name = `layers.${group}.blocks.${block}`;
        layers.norm(`${name}.norm1`, features);
        addAttention(layers, `${name}.attn`, shape, block % 2 === 0);
        if (block % 4 === (group % 2 === 0 ? 2 : 0)) {
          const tokens = shape.window[0] * shape.window[1];
          for (const branch of [0, 1]) layers.mask(`${name}.attn.attn_mask_${branch}`, tokens, 256 / tokens);
        }
        layers.norm(`${name}.norm2`, features);
        layers.linear(`${name}.ffn.fc1`, 2 * features, features);
        layers.norm(`${name}.ffn.sg.norm`, features);
        layers.depthwise(`${name}.ffn.sg.conv`, features, 3);
        layers.linear(`${name}.ffn.fc2`, features, features, true, 0.5);
      }
      addConnection(layers, `layers.${group}.conv`, shape);
    });
    layers.norm('norm', features);
  });
  return layers;
}

function addAttention(layers: RandomAttention, name: string, shape: DatShape, isSpatial: boolean): void {
  const { features, heads, window } = shape;
  layers.linear(`${name}.qkv`, 3 * features, features);
  layers.linear(`${name}.proj`, features, features, true, 0.5);
  if (isSpatial) {
    addPositions(layers, `${name}.attns.0`, features, heads / 2, window);
    addPositions(layers, `${name}.attns.1`, features, heads / 2, [window[1], window[0]]);
  } else {
    layers.add(`${name}.temperature`, [heads, 1, 1], 1.5, 1);
  }
  layers.depthwise(`${name}.dwconv.0`, features, 3);
  layers.batchNorm(`${name}.dwconv.1`, features);
  const [perChannel, perPlace] = [Math.floor(features / 8), Math.floor(features / 16)];
  layers.conv(`${name}.channel_interaction.1`, perChannel, features, 1);
  layers.batchNorm(`${name}.channel_interaction.2`, perChannel);
  layers.conv(`${name}.channel_interaction.4`, features, perChannel, 1);
  layers.conv(`${name}.spatial_interaction.0`, perPlace, features, 1);
  layers.batchNorm(`${name}.spatial_interaction.1`, perPlace);
  layers.conv(`${name}.spatial_interaction.3`, 1, perPlace, 1);
}

/** CrossFormer's dynamic position bias, with the lists that torch keeps beside it. */
export function addPositions(
  layers: RandomAttention,
  name: string,
  features: number,
  heads: number,
  [height, width]: readonly [number, number],
): void {
  const offsets: number[] = [];
  for (let dy = 1 - height; dy < height; dy++) for (let dx = 1 - width; dx < width; dx++) offsets.push(dy, dx);
  layers.weights.set(`${name}.rpe_biases`, { shape: [offsets.length / 2, 2], data: Float32Array.from(offsets) });
  const tokens = height * width;
  layers.integer(`${name}.relative_position_index`, [tokens, tokens], relativeIndices(height, width));
  const inner = Math.floor(Math.floor(features / 8) / 4);
  layers.linear(`${name}.pos.pos_proj`, inner, 2);
  for (const part of ['pos1', 'pos2', 'pos3']) {
    layers.norm(`${name}.pos.${part}.0`, inner);
    layers.linear(`${name}.pos.${part}.2`, part === 'pos3' ? heads : inner, inner, true, 2);
  }
}

/** Swin's numbers of the offsets between places of a window, written out as torch's code does. */
export function relativeIndices(height: number, width: number): number[] {
  const places = Array.from({ length: height * width }, (_, place) => [Math.floor(place / width), place % width]);
  return places.flatMap(([y, x]) =>
    places.map(([keyY, keyX]) => (y! - keyY! + height - 1) * (2 * width - 1) + (x! - keyX! + width - 1)),
  );
}

export function randomRgt(shape: DatShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, depths } = shape;
  addFrame(layers, shape, () => {
    layers.norm('before_RG.1', features);
    depths.forEach((depth, group) => {
      for (let block = 0; block < depth; block++) {
        const name = `layers.${group}.blocks.${block}`;
        layers.norm(`${name}.norm1`, features);
        layers.norm(`${name}.norm2`, features);
        layers.vector(`${name}.gamma`, features, 0, 0.2);
        if (block % 2 === 0) addLocalAttention(layers, `${name}.attn`, shape, block % 4 === (group % 2 === 0 ? 2 : 0));
        else addRecursiveAttention(layers, `${name}.attn`, features);
        layers.linear(`${name}.mlp.fc1`, 2 * features, features);
        layers.norm(`${name}.mlp.sg.norm`, features);
        layers.depthwise(`${name}.mlp.sg.conv`, features, 3);
        layers.linear(`${name}.mlp.fc2`, features, features, true, 0.5);
      }
      addConnection(layers, `layers.${group}.conv`, shape);
    });
    layers.norm('norm', features);
  });
  return layers;
}

function addLocalAttention(layers: RandomAttention, name: string, shape: DatShape, isShifted: boolean): void {
  const { features, heads, window } = shape;
  layers.linear(`${name}.qkv`, 3 * features, features);
  layers.linear(`${name}.proj`, features, features, true, 0.5);
  layers.depthwise(`${name}.get_v`, features, 3);
  addPositions(layers, `${name}.attns.0`, features, heads / 2, window);
  addPositions(layers, `${name}.attns.1`, features, heads / 2, [window[1], window[0]]);
  // The authors' code makes masks for pictures of 64x64.
  const tokens = window[0] * window[1];
  if (isShifted) for (const branch of [0, 1]) layers.mask(`${name}.attn_mask_${branch}`, tokens, 4096 / tokens);
}

function addRecursiveAttention(layers: RandomAttention, name: string, features: number): void {
  const narrow = features / 2;
  layers.depthwise(`${name}.reduction1`, features, 4);
  layers.depthwise(`${name}.dwconv`, features, 3);
  layers.conv(`${name}.conv`, narrow, features, 1);
  layers.norm(`${name}.norm_act.0`, narrow);
  layers.linear(`${name}.q`, narrow, features, true, 3);
  layers.linear(`${name}.k`, narrow, narrow, true, 3);
  layers.linear(`${name}.v`, features, narrow);
  layers.depthwise(`${name}.cpe`, features, 3);
  layers.linear(`${name}.proj`, features, features, true, 0.5);
}
