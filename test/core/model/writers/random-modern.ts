import { addDySample, RandomAttention } from './random-attention.ts';

export interface SpanPlusShape {
  readonly features: number;
  readonly blocks: readonly number[];
  readonly scale: number;
  readonly tail: 'ps' | 'dys';
}

/** With the parts of its training form; its `eval_conv` copies are stale on purpose. */
export function randomSpanPlus({ features, blocks, scale, tail }: SpanPlusShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const conv3xc = (name: string, channels: number): void => {
    layers.conv(`${name}.sk`, features, channels, 1);
    layers.conv(`${name}.conv.0`, 2 * channels, channels, 1);
    layers.conv(`${name}.conv.1`, 2 * features, 2 * channels);
    layers.conv(`${name}.conv.2`, features, 2 * features, 1);
    layers.conv(`${name}.eval_conv`, features, channels);
  };
  conv3xc('feats.0', 3);
  blocks.forEach((count, index) => {
    const name = `feats.${index + 1}`;
    const inner = Array.from({ length: count }, (_, block) => `block_n.${block}`);
    for (const block of ['block_1', ...inner, 'block_end']) {
      for (const conv of ['c1_r', 'c2_r', 'c3_r']) conv3xc(`${name}.${block}.${conv}`, features);
    }
    conv3xc(`${name}.conv_2`, features);
    layers.conv(`${name}.conv_cat`, features, 4 * features, 1);
  });
  if (tail === 'ps') layers.conv('upsampler.0', 3 * scale ** 2, features);
  else addDySample(layers, 'upsampler', features, scale);
  return layers;
}

export interface SafmnShape {
  readonly features: number;
  readonly blocks: number;
  readonly scale: number;
  /** BCIE: groups of blocks, and pixels folded into channels. */
  readonly groups?: number;
  readonly unshuffle?: number;
}

export function randomSafmn(shape: SafmnShape, seed: number): RandomAttention {
  const { features, blocks, scale, groups, unshuffle = 1 } = shape;
  const layers = new RandomAttention(seed);
  layers.conv(groups === undefined ? 'to_feat' : 'to_feat.1', features, 3 * unshuffle ** 2);
  const names = Array.from({ length: groups ?? 1 }, (_, group) =>
    groups === undefined ? 'feats' : `feats.${group}.layers`,
  );
  for (const name of names) {
    for (let block = 0; block < blocks; block++) addModulation(layers, `${name}.${block}`, features);
    if (groups !== undefined) layers.conv(name.replace('layers', 'conv'), features, features);
  }
  layers.conv('to_img.0', groups === undefined ? 3 * scale ** 2 : features * unshuffle ** 2, features);
  if (groups !== undefined) layers.conv('to_img.2', 3, features);
  return layers;
}

function addModulation(layers: RandomAttention, name: string, features: number): void {
  layers.norm(`${name}.norm1`, features);
  layers.norm(`${name}.norm2`, features);
  for (let level = 0; level < 4; level++) layers.depthwise(`${name}.safm.mfr.${level}`, features / 4, 3);
  layers.conv(`${name}.safm.aggr`, features, features, 1);
  layers.conv(`${name}.ccm.ccm.0`, 2 * features, features);
  layers.conv(`${name}.ccm.ccm.2`, features, 2 * features, 1);
}
