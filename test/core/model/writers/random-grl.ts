import { RandomAttention } from './random-attention.ts';
import { addConnection, addFrame, type FrameShape } from './random-frame.ts';
import { addMlp } from './random-swin.ts';

export interface GrlShape extends FrameShape {
  readonly depths: readonly number[];
  /** Of each of the two kinds of attention. */
  readonly heads: number;
  readonly window: number;
  readonly stripe: readonly [height: number, width: number];
  readonly anchor: number;
  readonly isLocal?: boolean;
  /** How they are made; default: as means. */
  readonly anchors?: 'merging' | 'convolution' | 'separable';
  /** Each of which halves the sides; default: one that does all. */
  readonly stages?: number;
  /** Whether queries, keys and values come from convolutions. */
  readonly isSeparable?: boolean;
}

export function randomGrl(shape: GrlShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, depths, window, stripe, anchor } = shape;
  // Only their shapes tell anything.
  layers.add('table_w', [1, 2 * window - 1, 2 * window - 1, 2], 0, 0);
  layers.add('table_sh', [1, ...stripe.map((side) => side + side / anchor - 1), 2], 0, 0);
  const places = stripe[0] * stripe[1];
  const anchors = places / anchor ** 2;
  layers.integer('index_sh_a2w', [anchors, places], new Array<number>(anchors * places).fill(0));
  addFrame(layers, shape, () => {
    layers.norm('norm_start', features);
    depths.forEach((depth, group) => {
      for (let block = 0; block < depth; block++) addBlock(layers, `layers.${group}.blocks.${block}`, shape);
      addConnection(layers, `layers.${group}.conv`, shape);
    });
    layers.norm('norm_end', features);
  });
  for (const [key, weight] of [...layers.weights]) {
    if (!key.startsWith('upsample.')) continue;
    layers.weights.delete(key);
    layers.weights.set(key.replace('upsample.', 'upsample.up.'), weight);
  }
  return layers;
}

function addBlock(layers: RandomAttention, name: string, shape: GrlShape): void {
  const { features, heads, isLocal = false, isSeparable = false } = shape;
  layers.norm(`${name}.norm1`, features);
  layers.norm(`${name}.norm2`, features);
  if (isSeparable) addSeparable(layers, `${name}.attn.qkv.body`, 3 * features, features, 3);
  else layers.linear(`${name}.attn.qkv.body`, 3 * features, features);
  addAnchors(layers, `${name}.attn.anchor.body`, shape);
  for (const transform of [
    'window_attn.attn_transform',
    'stripe_attn.attn_transform1',
    'stripe_attn.attn_transform2',
  ]) {
    layers.add(`${name}.attn.${transform}.logit_scale`, [heads, 1, 1], 3, 2);
    layers.linear(`${name}.attn.${transform}.cpb_mlp.0`, 512, 2);
    layers.linear(`${name}.attn.${transform}.cpb_mlp.2`, heads, 512, false);
  }
  layers.linear(`${name}.attn.proj`, features, features);
  addMlp(layers, `${name}.mlp`, features);
  if (!isLocal) return;
  layers.conv(`${name}.conv.cab.0`, features / 4, features);
  layers.conv(`${name}.conv.cab.2`, features, features / 4);
  const narrow = Math.floor(features / 18);
  layers.conv(`${name}.conv.cab.3.attention.1`, narrow, features, 1);
  layers.conv(`${name}.conv.cab.3.attention.3`, features, narrow, 1);
}

function addAnchors(layers: RandomAttention, name: string, { features, anchors, anchor, stages = 1 }: GrlShape): void {
  const made = features / 2;
  const kernel = (stages === 1 ? anchor : 2) + 1;
  for (let stage = 0; stage < stages; stage++) {
    const taken = stage === 0 ? features : made;
    const own = `${name}.${stage}`;
    if (anchors === undefined) layers.linear(`${own}.reduction`, made, taken);
    if (anchors === 'merging') layers.linear(`${own}.reduction`, made, 4 * taken, false);
    if (anchors === 'convolution') layers.conv(own, made, taken, kernel);
    if (anchors === 'separable') addSeparable(layers, own, made, taken, kernel);
  }
}

function addSeparable(layers: RandomAttention, name: string, made: number, taken: number, kernel: number): void {
  layers.depthwise(`${name}.0`, taken, kernel);
  layers.conv(`${name}.1`, made, taken, 1);
}
