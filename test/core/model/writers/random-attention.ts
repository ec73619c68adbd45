import { RandomLayers } from './random-networks.ts';

/** Random weights of the kinds of layers that attention adds, and the whole numbers that lie beside them. */
export class RandomAttention extends RandomLayers {
  readonly integers = new Map<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>();

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
  if (tail === 'DySample') {
    const groups = scale % 2 === 0 ? 4 : 3;
    layers.conv('to_img.offset', 2 * groups * scale ** 2, made, 1);
    layers.conv('to_img.scope', 2 * groups * scale ** 2, made, 1, false);
    layers.vector('to_img.init_pos', 2 * groups * scale ** 2, 0, 0.4);
    const { data } = layers.weights.get('to_img.init_pos')!;
    layers.weights.set('to_img.init_pos', { shape: [1, data.length, 1, 1], data });
    if (scale > 1) layers.conv('to_img.end_conv', 3, made, 1);
  }
  return layers;
}
