import { addDySample, RandomAttention } from './random-attention.ts';
import { relativeIndices } from './random-dat.ts';
import { addMlp } from './random-swin.ts';

export interface CraftShape {
  /** A multiple of 32. */
  readonly features: number;
  readonly heads: number;
  readonly depths: readonly number[];
  readonly window: readonly [height: number, width: number];
  readonly scale: number;
  /** The offsets of upright windows and those of lying ones stand in each other's place, as in the authors' files. */
  readonly isCrossed?: boolean;
}

export function randomCraft(shape: CraftShape, seed: number): RandomAttention {
  const { features, heads, depths, window, scale, isCrossed = false } = shape;
  const layers = new RandomAttention(seed);
  const [height, width] = window;
  addIndex(layers, 'h', height, width);
  addIndex(layers, 'v', width, height);
  addOffsets(layers, isCrossed ? 'v' : 'h', height, width);
  addOffsets(layers, isCrossed ? 'h' : 'v', width, height);
  layers.conv('conv_first', features, 3);
  depths.forEach((depth, index) => {
    const name = `layers.${index}.residual_group`;
    for (let block = 0; block < 2 * depth; block++)
      addRectangles(layers, `${name}.srwa_blocks.${block}`, features, heads);
    for (let block = 0; block < depth; block++) {
      layers.conv(`${name}.hfer_blocks.${block}.fc`, features / 2, features / 2, 1);
      layers.conv(`${name}.hfer_blocks.${block}.conv`, features / 2, features / 2);
      layers.conv(`${name}.hfer_blocks.${block}.last_fc`, features, features, 1, true, 0.5);
      addFusion(layers, `${name}.hf_blocks.${block}`, features, heads);
    }
    layers.conv(`layers.${index}.conv`, features, features, 3, true, 0.5);
  });
  layers.norm('norm.body', features);
  layers.conv('conv_after_body', features, features, 3, true, 0.5);
  layers.conv('upsample.0', 3 * scale ** 2, features, 3, true, 0.4);
  return layers;
}

function addOffsets(layers: RandomAttention, which: 'h' | 'v', height: number, width: number): void {
  const offsets: number[] = [];
  for (let dy = 1 - height; dy < height; dy++) for (let dx = 1 - width; dx < width; dx++) offsets.push(dy, dx);
  layers.weights.set(`biases_${which}`, { shape: [offsets.length / 2, 2], data: Float32Array.from(offsets) });
}

function addIndex(layers: RandomAttention, which: 'h' | 'v', height: number, width: number): void {
  const tokens = height * width;
  layers.integer(`relative_position_index_${which}`, [tokens, tokens], relativeIndices(height, width));
}

function addRectangles(layers: RandomAttention, name: string, features: number, heads: number): void {
  layers.norm(`${name}.norm1`, features);
  layers.norm(`${name}.norm2`, features);
  layers.linear(`${name}.qkv`, 3 * features, features);
  layers.linear(`${name}.proj`, features, features, true, 0.5);
  layers.depthwise(`${name}.get_v`, features, 3);
  const inner = Math.floor(features / 32);
  for (const branch of [0, 1]) {
    const pos = `${name}.attns.${branch}.pos`;
    layers.linear(`${pos}.pos_proj`, inner, 2);
    for (const part of ['pos1', 'pos2', 'pos3']) {
      layers.norm(`${pos}.${part}.0`, inner);
      layers.linear(`${pos}.${part}.2`, part === 'pos3' ? heads / 2 : inner, inner, true, 2);
    }
  }
  addMlp(layers, `${name}.mlp`, features);
}

function addFusion(layers: RandomAttention, name: string, features: number, heads: number): void {
  layers.norm(`${name}.norm1.body`, features);
  layers.norm(`${name}.norm2.body`, features);
  layers.add(`${name}.attn.temperature`, [heads, 1, 1], 1.5, 1);
  layers.conv(`${name}.attn.q`, features, features, 1, false);
  layers.depthwise(`${name}.attn.q_dwconv`, features, 3, false);
  layers.conv(`${name}.attn.kv`, 2 * features, features, 1, false);
  layers.depthwise(`${name}.attn.kv_dwconv`, 2 * features, 3, false);
  layers.conv(`${name}.attn.project_out`, features, features, 1, false, 0.5);
  const hidden = Math.floor(features * 2.66);
  layers.conv(`${name}.ffn.project_in`, 2 * hidden, features, 1, false);
  layers.depthwise(`${name}.ffn.dwconv`, 2 * hidden, 3, false);
  layers.conv(`${name}.ffn.project_out`, features, hidden, 1, false, 0.5);
}

const UPSAMPLERS = [
  'conv',
  'pixelshuffledirect',
  'pixelshuffle',
  'nearest+conv',
  'dysample',
  'transpose+conv',
  'lda',
  'pa_up',
];

export interface FdatShape {
  readonly features: number;
  readonly heads: number;
  readonly window: number;
  /** Of the upsampler. */
  readonly scale: number;
  readonly upsampler:
    | 'pixelshuffledirect'
    | 'pixelshuffle'
    | 'nearest+conv'
    | 'dysample'
    | 'transpose+conv'
    | 'lda'
    | 'pa_up';
  readonly unshuffle?: number;
}

/** One group of two blocks. */
export function randomFdat(shape: FdatShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, heads, window, scale, upsampler, unshuffle = 1 } = shape;
  layers.conv(unshuffle === 1 ? 'conv_first' : 'conv_first.1', features, 3 * unshuffle ** 2);
  for (const block of [0, 1]) {
    const name = `groups.0.blocks.${block}`;
    layers.norm(`${name}.n1`, features);
    layers.norm(`${name}.n2`, features);
    if (block === 0) layers.add(`${name}.attn.bias`, [heads, window ** 2, window ** 2], 0, 1);
    else layers.add(`${name}.attn.temp`, [heads, 1, 1], 1.5, 1);
    layers.linear(`${name}.attn.qkv`, 3 * features, features, false);
    layers.linear(`${name}.attn.proj`, features, features, true, 0.5);
    layers.depthwise(`${name}.conv.0`, features, 3, false);
    layers.conv(`${name}.inter.sg.0`, 1, features, 1, false);
    layers.conv(`${name}.inter.cg.1`, features / 8, features, 1, false);
    layers.conv(`${name}.inter.cg.3`, features, features / 8, 1, false);
    layers.linear(`${name}.ffn.fc1`, 2 * features, features, false);
    layers.linear(`${name}.ffn.fc2`, features, 2 * features, false, 0.5);
    layers.depthwise(`${name}.ffn.smix`, 2 * features, 3, false);
  }
  layers.conv('groups.0.conv', features, features, 3, false, 0.5);
  layers.conv('conv_after', features, features, 3, false, 0.5);
  const inner = upsampler === 'lda' ? LDA_WIDTH : 8;
  layers.settings('upsampler.MetaUpsample', [3, UPSAMPLERS.indexOf(upsampler), scale, features, 3, inner, 4]);
  addUpsampler(layers, shape, inner);
  return layers;
}

/** A multiple of 8. */
const LDA_WIDTH = 16;

function addLocalAttention(layers: RandomAttention, name: string, channels: number): void {
  const narrow = channels / 4;
  const group = narrow / 2;
  layers.norm(`${name}.layer_norm`, channels);
  layers.conv(`${name}.proj_q`, narrow, channels, 1, false, 3);
  layers.conv(`${name}.proj_k`, narrow, channels, 1, false, 3);
  layers.depthwise(`${name}.conv_offset.0`, group, 3, false);
  layers.norm(`${name}.conv_offset.1`, group);
  // Most places lie within the picture.
  layers.conv(`${name}.conv_offset.3`, 18, group, 3, true, 0.2);
  layers.add(`${name}.relative_position_bias_table`, [1, 1, 1, 9, narrow], 0, 0.5);
}

function addUpsampler(layers: RandomAttention, { features, scale, upsampler }: FdatShape, inner: number): void {
  const steps = scale === 3 ? [3] : new Array<number>(Math.log2(scale)).fill(2);
  const conv = (index: number, out: number, channels: number) => layers.conv(`upsampler.${index}`, out, channels);
  const deconv = (index: number, channels: number, out: number, kernel: number): void => {
    layers.add(`upsampler.${index}.weight`, [channels, out, kernel, kernel], 0, Math.sqrt(3 / channels));
    layers.vector(`upsampler.${index}.bias`, out, 0.1, 0.2);
  };
  switch (upsampler) {
    case 'pixelshuffledirect':
      conv(0, 3 * scale ** 2, features);
      break;
    case 'pixelshuffle':
      conv(0, inner, features);
      steps.forEach((factor, step) => void conv(2 + 2 * step, inner * factor ** 2, inner));
      conv(2 + 2 * steps.length, 3, inner);
      break;
    case 'nearest+conv':
      steps.forEach((_, step) => void conv(3 * step, features, features));
      conv(3 * steps.length, features, features);
      conv(3 * steps.length + 2, 3, features);
      break;
    case 'dysample':
      conv(0, inner, features);
      addDySample(layers, 'upsampler.2', inner, scale);
      break;
    case 'transpose+conv':
      if (scale === 4) deconv(0, features, features, 4);
      deconv(scale === 4 ? 2 : 0, features, 3, scale === 3 ? 3 : 4);
      conv(scale === 4 ? 3 : 1, 3, 3);
      break;
    case 'lda': {
      const first = features === LDA_WIDTH ? 0 : 2;
      if (first > 0) conv(0, LDA_WIDTH, features);
      addLocalAttention(layers, `upsampler.${first}`, LDA_WIDTH);
      conv(first + 1, 3, LDA_WIDTH);
      break;
    }
    case 'pa_up':
      steps.forEach((_, step) => {
        conv(6 * step + 1, inner, step === 0 ? features : inner);
        layers.conv(`upsampler.${6 * step + 2}.conv.0`, inner, inner, 1);
        conv(6 * step + 4, inner, inner);
      });
      conv(6 * steps.length, 3, inner);
  }
}
