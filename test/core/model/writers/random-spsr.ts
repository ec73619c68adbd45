import { RandomAttention } from './random-attention.ts';

export interface SpsrShape {
  readonly features: number;
  readonly growth: number;
  /** How often it is doubled. */
  readonly doublings: number;
}

/** With the least number of blocks that the network can have. */
export function randomSpsr({ features, growth, doublings }: SpsrShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const block = (name: string, width: number): void => {
    for (const rdb of [1, 2, 3]) {
      for (let conv = 1; conv <= 4; conv++) {
        layers.conv(`${name}.RDB${rdb}.conv${conv}.0`, growth, width + (conv - 1) * growth);
      }
      layers.conv(`${name}.RDB${rdb}.conv5.0`, width, width + 4 * growth);
    }
  };
  const conv = (name: string, channels = features) => layers.conv(name, features, channels);
  conv('model.0', 3);
  for (let index = 0; index < 20; index++) block(`model.1.sub.${index}`, features);
  conv('model.1.sub.20');
  conv('HR_conv0_new.0');
  conv('HR_conv1_new.0');
  for (let step = 0; step < doublings; step++) {
    conv(`model.${3 * step + 3}`);
    conv(`b_module.${3 * step + 1}`);
  }
  for (const part of ['weight', 'bias']) {
    layers.weights.set(`model.${3 * doublings + 2}.${part}`, layers.weights.get(`HR_conv0_new.0.${part}`)!);
  }
  layers.weights.set('get_g_nopadding.weight_h', kernel([3, -1], [5, 1]));
  layers.weights.set('get_g_nopadding.weight_v', kernel([1, -1], [7, 1]));
  conv('b_fea_conv.0', 3);
  for (let stage = 1; stage <= 4; stage++) {
    block(`b_block_${stage}`, 2 * features);
    conv(`b_concat_${stage}.0`, 2 * features);
  }
  conv('b_LR_conv.0');
  conv(`b_module.${3 * doublings}`);
  conv(`b_module.${3 * doublings + 2}`);
  layers.conv('conv_w.0', 3, features, 1);
  block('f_block', 2 * features);
  conv('f_concat.0', 2 * features);
  conv('f_HR_conv0.0');
  layers.conv('f_HR_conv1.0', 3, features);
  return layers;
}

function kernel(...values: readonly (readonly [at: number, value: number])[]) {
  const data = new Float32Array(9);
  for (const [at, value] of values) data[at] = value;
  return { shape: [1, 1, 3, 3], data };
}
