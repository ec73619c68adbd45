import { RandomAttention } from './random-attention.ts';
import { randomRrdb } from './random-networks.ts';

export interface DitnShape {
  readonly features: number;
  /** Of each kind. */
  readonly blocks: number;
  readonly scale: number;
}

export function randomDitn({ features, blocks, scale }: DitnShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  layers.conv('sft', features, 3);
  for (let block = 0; block < blocks; block++) {
    const near = `UFONE.0.ITLs.${block}`;
    layers.add(`${near}.attn.temperature`, [1, 1, 1], 1.5, 1);
    layers.linear(`${near}.attn.qkv`, 3 * features, features);
    layers.conv(`${near}.attn.project_out`, features, features, 1, false);
    const far = `UFONE.0.SALs.${block}`;
    layers.add(`${far}.SDA.scale`, [1, features, 1, 1], 0.5, 0.5);
    layers.depthwise(`${far}.SDA.DConvs.0`, features, 5);
    layers.depthwise(`${far}.SDA.DConvs.1`, features, 7);
    layers.conv(`${far}.SDA.DConvs.2`, features, features, 1);
    layers.conv(`${far}.SDA.proj_first.0`, 2 * features, features, 1);
    layers.conv(`${far}.SDA.proj_last.0`, features, features, 1);
    for (const name of [near, far]) {
      layers.conv(`${name}.conv1`, features, features, 1);
      layers.conv(`${name}.conv2`, features, features, 1);
      layers.conv(`${name}.ffn.project_in`, 4 * features, features, 1, false);
      layers.depthwise(`${name}.ffn.dwconv`, 4 * features, 3, false);
      layers.conv(`${name}.ffn.project_out`, features, 2 * features, 1, false);
    }
  }
  layers.conv('conv_after_body', features, features);
  layers.conv('upsample.0', 3 * scale ** 2, features);
  return layers;
}

export function randomDctlsa(
  shape: { readonly features: number; readonly scale: number },
  seed: number,
): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, scale } = shape;
  layers.conv('fea_conv', features, 3);
  for (let pair = 1; pair <= 6; pair++) {
    for (const body of [0, 1]) {
      const name = `B${pair}.body.${body}.transformer_body.0`;
      layers.norm(`${name}.patch_embed.norm`, features);
      for (const block of [0, 1]) addLinearBlock(layers, `${name}.blocks.${block}`, features);
    }
    layers.conv(pair < 6 ? `c${pair}.0` : 'c.0', features, (pair < 6 ? pair + 1 : 6) * features, 1);
  }
  layers.conv('LR_conv', features, features);
  layers.conv('upsampler.0', 3 * scale ** 2, features);
  return layers;
}

function addLinearBlock(layers: RandomAttention, name: string, features: number): void {
  const local = `${name}.attn.local`;
  layers.batchNorm(`${local}.pointwise_prenorm_0`, features);
  layers.conv(`${local}.pointwise_conv_0`, features, features, 1, false);
  layers.depthwise(`${local}.depthwise_conv`, features, 3, false);
  layers.batchNorm(`${local}.pointwise_prenorm_1`, features);
  layers.conv(`${local}.pointwise_conv_1`, features, features, 1, false, 0.5);
  layers.linear(`${name}.attn.qkv`, 3 * features, features);
  layers.linear(`${name}.attn.proj`, features, features, true, 0.3);
  layers.linear(`${name}.mlp.fc1`, 2 * features, features);
  layers.linear(`${name}.mlp.fc2`, features, 2 * features, true, 0.5);
}

export interface SeemoreShape {
  readonly features: number;
  readonly layers: number;
  readonly experts: number;
  readonly scale: number;
}

export function randomSeemore(shape: SeemoreShape, seed: number): RandomAttention {
  const random = new RandomAttention(seed);
  const { features, scale } = shape;
  random.conv('conv_1', features, 3);
  for (let layer = 0; layer < shape.layers; layer++) {
    addExperts(random, `body.${layer}.local_block.block`, features, shape.experts);
    const striped = `body.${layer}.global_block.block`;
    random.conv(`${striped}.proj`, features, features, 1);
    random.conv(`${striped}.to_qv.0`, 2 * features, features, 1);
    addStripes(random, `${striped}.attn`, features, 11);
    for (const block of ['local_block', 'global_block']) {
      const name = `body.${layer}.${block}`;
      random.norm(`${name}.norm_1`, features);
      random.norm(`${name}.norm_2`, features);
      random.conv(`${name}.ffn.fn_1.0`, 2 * features, features, 1);
      random.conv(`${name}.ffn.fn_2.0`, features, features, 1);
      random.depthwise(`${name}.ffn.gate`, features, 3);
    }
  }
  random.norm('norm', features);
  random.conv('conv_2', features, features);
  random.conv('upsampler.0', 3 * scale ** 2, features, 3, true, 0.4);
  return random;
}

function addExperts(layers: RandomAttention, name: string, features: number, experts: number): void {
  layers.conv(`${name}.conv_1.0`, features, features);
  layers.conv(`${name}.conv_1.2`, 2 * features, features, 1);
  layers.depthwise(`${name}.agg_conv.0`, features, 4);
  layers.depthwise(`${name}.conv.0`, features, 3);
  layers.conv(`${name}.conv.1`, features, features, 1);
  addStripes(layers, `${name}.conv_2.0`, features, 3);
  for (let expert = 0; expert < experts; expert++) {
    const own = `${name}.moe_layer.experts.${expert}`;
    layers.conv(`${own}.conv_1`, expert + 2, features, 1);
    layers.conv(`${own}.conv_2`, expert + 2, features, 1);
    layers.conv(`${own}.conv_3`, features, expert + 2, 1);
  }
  layers.linear(`${name}.moe_layer.gate.body.2`, experts, features, false, 5);
  layers.conv(`${name}.proj`, features, features, 1);
}

function addStripes(layers: RandomAttention, name: string, features: number, length: number): void {
  const reach = Math.sqrt(3 / length);
  layers.add(`${name}.conv.0.weight`, [features, 1, 1, length], 0, reach);
  layers.vector(`${name}.conv.0.bias`, features, 0.1, 0.2);
  layers.add(`${name}.conv.1.weight`, [features, 1, length, 1], 0, reach);
  layers.vector(`${name}.conv.1.bias`, features, 0.1, 0.2);
}

export interface MmRealSrShape {
  readonly features: number;
  readonly growth: number;
  readonly blocks: number;
  /** 512 in the files. */
  readonly embedding: number;
}

export function randomMmRealSr(shape: MmRealSrShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, growth, blocks, embedding } = shape;
  for (const [key, weight] of randomRrdb({ features, growth, blocks, doublings: 2 }, seed))
    layers.weights.set(key, weight);
  for (let block = 0; block < blocks; block++) {
    const hidden = (embedding + 2 * features) / 2;
    layers.linear(`am_list.${block}.fc.0`, hidden, embedding);
    layers.linear(`am_list.${block}.fc.2`, hidden, hidden);
    layers.linear(`am_list.${block}.fc.4`, 2 * features, hidden);
  }
  for (const kind of [0, 1]) {
    layers.conv(`de_net.conv_first.${kind}`, 4, 3);
    for (const [index, width] of [
      [0, 4],
      [2, 8],
    ] as const) {
      layers.conv(`de_net.body.${kind}.${index}.conv1`, width, width);
      layers.conv(`de_net.body.${kind}.${index}.conv2`, width, width);
      if (index === 0) layers.conv(`de_net.body.${kind}.1`, 8, 4);
    }
    layers.linear(`de_net.fc_degree.${kind}.0`, embedding, 8);
    layers.linear(`de_net.fc_degree.${kind}.2`, 1, embedding);
  }
  layers.linear('dd_embed.0', embedding, 2);
  return layers;
}
