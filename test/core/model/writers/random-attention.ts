import { RandomLayers } from './random-networks.ts';

/** Random weights of the kinds of layers that attention adds, and the whole numbers that lie beside them. */
export class RandomAttention extends RandomLayers {
  readonly integers = new Map<
    string,
    { readonly shape: readonly number[]; readonly values: readonly number[]; readonly isBytes?: boolean }
  >();

  linear(name: string, out: number, channels: number, bias = true, gain = 1): void {
    this.add(`${name}.weight`, [out, channels], 0, gain * Math.sqrt(3 / channels));
    if (bias) this.vector(`${name}.bias`, out, 0.1, 0.2);
  }

  /** Of layers or groups. */
  norm(name: string, channels: number): void {
    this.vector(`${name}.weight`, channels, 1, 0.3);
    this.vector(`${name}.bias`, channels, 0, 0.2);
  }

  override batchNorm(name: string, channels: number): void {
    this.norm(name, channels);
    this.vector(`${name}.running_mean`, channels, 0, 0.3);
    this.vector(`${name}.running_var`, channels, 1, 0.5);
    this.integer(`${name}.num_batches_tracked`, [], [7]);
  }

  /** A convolution of each channel by itself. */
  depthwise(name: string, channels: number, kernel: number, bias = true): void {
    this.add(`${name}.weight`, [channels, 1, kernel, kernel], 0, Math.sqrt(3) / kernel);
    if (bias) this.vector(`${name}.bias`, channels, 0.1, 0.2);
  }

  /** What torch keeps of a mask for pictures of one size; here of zeros, as nothing should read it. */
  mask(key: string, tokens: number, windows: number): void {
    this.add(key, [windows, tokens, tokens], 0, 0);
  }

  /** Bytes that say how a network is built. */
  settings(key: string, values: readonly number[]): void {
    this.integers.set(key, { shape: [values.length], values, isBytes: true });
  }

  integer(key: string, shape: readonly number[], values: readonly number[]): void {
    this.integers.set(key, { shape, values });
  }
}

export interface PlksrShape {
  readonly features: number;
  readonly blocks: number;
  readonly scale: number;
  readonly real: boolean;
  readonly norm?: 'group' | 'layer';
  readonly tail?: 'DySample';
  readonly attention?: boolean;
  /** Kernels of the two mixing convolutions. */
  readonly mixer?: readonly [number, number];
  readonly far?: 'square' | 'rectangles';
}

export function randomPlksr(shape: PlksrShape, seed: number): RandomAttention {
  const { features, blocks, scale, real, norm, tail, attention = true, mixer = [3, 3], far = 'square' } = shape;
  const layers = new RandomAttention(seed);
  const seen = features / 4;
  layers.conv('feats.0', features, 3);
  for (let index = 1; index <= blocks; index++) {
    const name = `feats.${index}`;
    const mix = `${name}.${real ? 'channel_mixer' : 'channe_mixer'}`;
    if (norm === 'layer') layers.norm(`${name}.layer_norm`, features);
    layers.conv(`${mix}.0`, 2 * features, features, mixer[0]);
    layers.conv(`${mix}.2`, features, 2 * features, mixer[1]);
    if (far === 'square') layers.conv(`${name}.lk.conv`, seen, seen, 7);
    else {
      layers.add(`${name}.lk.mn_conv.weight`, [seen, seen, 9, 3], 0, 0.2);
      layers.add(`${name}.lk.nm_conv.weight`, [seen, seen, 3, 9], 0, 0.2);
      layers.add(`${name}.lk.nn_conv.weight`, [seen, seen, 3, 3], 0, 0.2);
      for (const kernel of ['mn_conv', 'nm_conv', 'nn_conv']) {
        layers.vector(`${name}.lk.${kernel}.bias`, seen, 0, 0.2);
      }
    }
    if (attention) layers.conv(`${name}.attn.f.0`, features, features);
    layers.conv(`${name}.refine`, features, features, 1);
    if (norm === 'group') layers.norm(`${name}.norm`, features);
  }
  const made = 3 * scale ** 2;
  layers.conv(`feats.${real ? blocks + 2 : blocks + 1}`, made, features);
  if (tail === 'DySample') addDySample(layers, 'to_img', made, scale);
  return layers;
}

/** DySample's layers, for four groups or three. */
export function addDySample(layers: RandomAttention, name: string, channels: number, scale: number): void {
  const made = 2 * (scale % 2 === 0 ? 4 : 3) * scale ** 2;
  layers.conv(`${name}.offset`, made, channels, 1);
  layers.conv(`${name}.scope`, made, channels, 1, false);
  layers.add(`${name}.init_pos`, [1, made, 1, 1], 0, 0.4);
  if (scale > 1) layers.conv(`${name}.end_conv`, 3, channels, 1);
}

export interface MosrShape {
  /** A multiple of four. */
  readonly features: number;
  readonly blocks: number;
  readonly scale: number;
  readonly tail: 'ps' | 'gps' | 'dys';
  /** Channels of the depthwise kernel, as a share of the features. */
  readonly seen?: number;
}

export function randomMosr({ features, blocks, scale, tail, seen = 1 }: MosrShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const hidden = 1.5 * features;
  layers.conv('gblocks.0', features, 3);
  for (let index = 1; index <= blocks; index++) {
    const name = `gblocks.${index}`;
    layers.norm(`${name}.norm`, features);
    layers.conv(`${name}.fc1`, 2 * hidden, features);
    layers.depthwise(`${name}.conv`, seen * features, 7);
    layers.conv(`${name}.fc2`, features, hidden);
  }
  layers.conv(`gblocks.${blocks + 1}`, 2 * features, features);
  layers.conv(`gblocks.${blocks + 3}`, features, 2 * features);
  layers.conv(`gblocks.${blocks + 5}`, features, features, 1);
  layers.conv('shortcut.block.0', features, 3);
  layers.conv('shortcut.block.2', features, features);
  layers.conv('shortcut.conv11', features, 3, 1);
  if (tail === 'ps') layers.conv('upsampler.0', 3 * scale ** 2, features);
  if (tail === 'gps') layers.conv('upsampler.in_to_k', 24 * scale ** 2, features);
  if (tail === 'dys') addDySample(layers, 'upsampler', features, scale);
  return layers;
}
