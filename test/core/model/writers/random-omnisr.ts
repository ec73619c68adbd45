import { RandomAttention } from './random-attention.ts';

export interface OmnisrShape {
  /** A multiple of 16. */
  readonly features: number;
  readonly groups: number;
  readonly blocks: number;
  readonly window: number;
  readonly scale: number;
  /** Whether the attention has a trained bias for each offset. */
  readonly positions?: boolean;
  readonly bias?: boolean;
}

export function randomOmnisr(shape: OmnisrShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, groups, blocks, scale, bias = true } = shape;
  layers.conv('input', features, 3, 3, bias);
  for (let group = 0; group < groups; group++) {
    const name = `residual_layer.${group}`;
    for (let block = 0; block < blocks; block++) addBlock(layers, `${name}.residual_layer.${block}.layer`, shape);
    layers.conv(`${name}.residual_layer.${blocks}`, features, features, 1, bias);
    const inner = Math.max(features / 4, 16);
    layers.conv(`${name}.esa.conv1`, inner, features, 1);
    layers.conv(`${name}.esa.conv_f`, inner, inner, 1);
    layers.conv(`${name}.esa.conv2`, inner, inner);
    layers.conv(`${name}.esa.conv3`, inner, inner);
    layers.conv(`${name}.esa.conv4`, features, inner, 1);
  }
  layers.conv('output', features, features, 3, bias);
  layers.conv('up.0', 3 * scale ** 2, features, 3, bias, 0.3);
  return layers;
}

function addBlock(layers: RandomAttention, name: string, { features, window, positions = true }: OmnisrShape): void {
  layers.conv(`${name}.0.fn.0`, features, features, 1);
  layers.depthwise(`${name}.0.fn.2`, features, 3);
  layers.linear(`${name}.0.fn.4.gate.1`, features / 4, features, false);
  layers.linear(`${name}.0.fn.4.gate.3`, features, features / 4, false);
  layers.conv(`${name}.0.fn.5`, features, features, 1);
  for (const step of [2, 8]) {
    layers.norm(`${name}.${step}.norm`, features);
    layers.linear(`${name}.${step}.fn.to_qkv`, 3 * features, features, false);
    layers.linear(`${name}.${step}.fn.to_out.0`, features, features, false, 0.5);
    if (positions) layers.add(`${name}.${step}.fn.rel_pos_bias.weight`, [(2 * window - 1) ** 2, 4], 0, 1);
  }
  for (const step of [4, 6, 10, 12]) {
    layers.norm(`${name}.${step}.norm`, features);
    layers.conv(`${name}.${step}.fn.project_in`, 2 * features, features, 1, false);
    layers.depthwise(`${name}.${step}.fn.dwconv`, 2 * features, 3, false);
    layers.conv(`${name}.${step}.fn.project_out`, features, features, 1, false, 0.5);
  }
  for (const step of [5, 11]) {
    layers.norm(`${name}.${step}.norm`, features);
    layers.add(`${name}.${step}.fn.temperature`, [4, 1, 1], 1.5, 1);
    layers.conv(`${name}.${step}.fn.qkv`, 3 * features, features, 1, false);
    layers.depthwise(`${name}.${step}.fn.qkv_dwconv`, 3 * features, 3, false);
    layers.conv(`${name}.${step}.fn.project_out`, features, features, 1, false, 0.5);
  }
}
