import type { Weight, Weights } from '../../../support/reference-evaluator.ts';

/** Numbers from -1 to 1 that are the same on every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z = (z + Math.imul(z ^ (z >>> 7), z | 61)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

export interface RrdbShape {
  readonly features: number;
  readonly growth: number;
  readonly blocks: number;
  readonly doublings: number;
  readonly unshuffle?: 1 | 2 | 4;
  readonly plus?: boolean;
  /** Luma, RGB (the default), or RGB and opacity. */
  readonly colours?: 1 | 3 | 4;
}

/** Weights under Real-ESRGAN's names, in the order in which the network uses them. */
export function randomRrdb(shape: RrdbShape, seed: number): Weights {
  const { features, growth, blocks, doublings, unshuffle = 1, plus = false, colours = 3 } = shape;
  const layers = new RandomLayers(seed);
  layers.conv('conv_first', features, colours * unshuffle ** 2);
  for (let block = 0; block < blocks; block++) {
    for (const rdb of ['rdb1', 'rdb2', 'rdb3']) {
      const name = `body.${block}.${rdb}`;
      if (plus) layers.conv(`${name}.conv1x1`, growth, features, 1, false);
      for (let index = 1; index <= 4; index++)
        layers.conv(`${name}.conv${index}`, growth, features + (index - 1) * growth);
      layers.conv(`${name}.conv5`, features, features + 4 * growth);
    }
  }
  layers.conv('conv_body', features, features);
  for (let up = 1; up <= doublings; up++) layers.conv(`conv_up${up}`, features, features);
  layers.conv('conv_hr', features, features);
  layers.conv('conv_last', colours, features);
  layers.vector('conv_last.bias', colours, 0.5, 0.2);
  return layers.weights;
}

export function randomCompact(
  features: number,
  convolutions: number,
  scale: number,
  seed: number,
  colours: 1 | 3 | 4 = 3,
): Weights {
  const layers = new RandomLayers(seed);
  const last = 2 * convolutions + 2;
  for (let index = 0; index <= last; index += 2) {
    layers.conv(`body.${index}`, index === last ? colours * scale ** 2 : features, index === 0 ? colours : features);
    if (index < last) layers.vector(`body.${index + 1}.weight`, features, 0.25, 0.2);
  }
  return layers.weights;
}

/** SPAN with the parts of its training form; its `eval_conv` copies are stale on purpose. */
export function randomSpan(features: number, scale: number, normalised: boolean, seed: number): Weights {
  const layers = new RandomLayers(seed);
  if (!normalised) layers.vector('no_norm', 1, 0, 0);
  const conv3xc = (name: string, out: number, channels: number) => {
    layers.conv(`${name}.sk`, out, channels, 1);
    layers.conv(`${name}.conv.0`, 2 * channels, channels, 1);
    layers.conv(`${name}.conv.1`, 2 * out, 2 * channels);
    layers.conv(`${name}.conv.2`, out, 2 * out, 1);
    layers.conv(`${name}.eval_conv`, out, channels);
  };
  conv3xc('conv_1', features, 3);
  for (let block = 1; block <= 6; block++) {
    for (const name of ['c1_r', 'c2_r', 'c3_r']) conv3xc(`block_${block}.${name}`, features, features);
  }
  layers.conv('conv_cat', features, 4 * features, 1);
  conv3xc('conv_2', features, features);
  layers.conv('upsampler.0', 3 * scale ** 2, features, 3, true, normalised ? 0.003 : 1);
  layers.vector('upsampler.0.bias', 3 * scale ** 2, 0.5, 0.1);
  return layers.weights;
}

export function randomMsrResNet(features: number, blocks: number, factors: readonly number[], seed: number): Weights {
  const layers = new RandomLayers(seed);
  layers.conv('conv_first', features, 3);
  residualBlocks(layers, features, blocks);
  factors.forEach((factor, index) => void layers.conv(`upconv${index + 1}`, features * factor ** 2, features));
  layers.conv('conv_hr', features, features);
  layers.conv('conv_last', 3, features, 3, true, 0.3);
  return layers.weights;
}

export function randomEdsr(features: number, blocks: number, factors: readonly number[], seed: number): Weights {
  const layers = new RandomLayers(seed);
  layers.conv('conv_first', features, 3);
  residualBlocks(layers, features, blocks);
  layers.conv('conv_after_body', features, features);
  factors.forEach((factor, index) => void layers.conv(`upsample.${2 * index}`, features * factor ** 2, features));
  layers.conv('conv_last', 3, features, 3, true, 0.5);
  return layers.weights;
}

export function randomSrcnn(features: number, channels: 1 | 3, seed: number): Weights {
  const layers = new RandomLayers(seed);
  layers.conv('conv1', features, channels, 9);
  layers.conv('conv2', features / 2, features, 5);
  layers.conv('conv3', channels, features / 2, 5);
  layers.vector('conv3.bias', channels, 0.5, 0.1);
  return layers.weights;
}

function residualBlocks(layers: RandomLayers, features: number, blocks: number): void {
  for (let block = 0; block < blocks; block++) {
    layers.conv(`body.${block}.conv1`, features, features);
    layers.conv(`body.${block}.conv2`, features, features);
  }
}

/** Random, but its output resembles its input, as that of networks which enlarge does. */
export function nearlyPlainCompact(channels: 1 | 3): Weights {
  const layers = new RandomLayers(3);
  layers.conv('body.0', 6, channels);
  layers.vector('body.1.weight', 6, 0.25, 0.2);
  layers.conv('body.2', 6, 6);
  layers.vector('body.3.weight', 6, 0.25, 0.2);
  layers.conv('body.4', 4 * channels, 6, 3, false, 0.03);
  layers.vector('body.4.bias', 4 * channels, 0.002, 0.004);
  return layers.weights;
}

/** Random layers that neither fade nor explode. */
export class RandomLayers {
  readonly weights = new Map<string, Weight>();
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  conv(name: string, out: number, channels: number, kernel = 3, bias = true, gain = 1): void {
    const reach = gain * Math.sqrt(3 / (channels * kernel * kernel));
    this.add(`${name}.weight`, [out, channels, kernel, kernel], 0, reach);
    if (bias) this.vector(`${name}.bias`, out, 0.1, 0.2);
  }

  /** As after training: no variance is near zero. */
  batchNorm(name: string, channels: number): void {
    this.vector(`${name}.weight`, channels, 1, 0.3);
    this.vector(`${name}.bias`, channels, 0, 0.2);
    this.vector(`${name}.running_mean`, channels, 0, 0.3);
    this.vector(`${name}.running_var`, channels, 0.8, 0.5);
    this.add(`${name}.num_batches_tracked`, [], 1000, 0);
  }

  vector(key: string, length: number, centre: number, reach: number): void {
    this.add(key, [length], centre, reach);
  }

  /** Numbers from centre - reach to centre + reach. */
  add(key: string, shape: readonly number[], centre: number, reach: number): void {
    const count = shape.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length: count }, () => centre + reach * this.#random());
    this.weights.set(key, { shape, data });
  }
}
