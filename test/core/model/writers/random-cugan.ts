import { RandomAttention } from './random-attention.ts';

export interface CuganShape {
  readonly kind: 'x2' | 'x3' | 'x4' | 'x2 fast';
  readonly pro?: boolean;
  /** Channels of the first layer; 32 in the files. */
  readonly width?: number;
}

export function randomCugan({ kind, pro = false, width = 32 }: CuganShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const isResidual = kind === 'x4' || kind === 'x2 fast';
  const between = isResidual ? 2 * width : 3;
  if (pro) layers.vector('pro', 1, 0, 0);
  addTwice(layers, 'unet1.conv1', kind === 'x2 fast' ? 12 : 3, width, 2 * width);
  layers.conv('unet1.conv1_down', 2 * width, 2 * width, 2);
  addTwice(layers, 'unet1.conv2', 2 * width, 4 * width, 2 * width);
  addUp(layers, 'unet1.conv2_up', 2 * width, 2 * width, 2);
  layers.conv('unet1.conv3', 2 * width, 2 * width);
  addUp(layers, 'unet1.conv_bottom', 2 * width, between, kind === 'x3' ? 5 : 4);
  addTwice(layers, 'unet2.conv1', between, width, 2 * width);
  layers.conv('unet2.conv1_down', 2 * width, 2 * width, 2);
  addTwice(layers, 'unet2.conv2', 2 * width, 2 * width, 4 * width);
  layers.conv('unet2.conv2_down', 4 * width, 4 * width, 2);
  addTwice(layers, 'unet2.conv3', 4 * width, 8 * width, 4 * width);
  addUp(layers, 'unet2.conv3_up', 4 * width, 4 * width, 2);
  addTwice(layers, 'unet2.conv4', 4 * width, 2 * width, 2 * width);
  addUp(layers, 'unet2.conv4_up', 2 * width, 2 * width, 2);
  layers.conv('unet2.conv5', 2 * width, 2 * width);
  layers.conv('unet2.conv_bottom', between, 2 * width);
  if (isResidual) layers.conv('conv_final', 12, 2 * width, 3, true, 0.5);
  return layers;
}

function addTwice(layers: RandomAttention, name: string, channels: number, inner: number, out: number): void {
  layers.conv(`${name}.conv.0`, inner, channels, 3, true, 1.5);
  layers.conv(`${name}.conv.2`, out, inner, 3, true, 1.5);
  if (name.endsWith('.conv1')) return;
  layers.conv(`${name}.seblock.conv1`, out / 8, out, 1);
  layers.conv(`${name}.seblock.conv2`, out, out / 8, 1, true, 3);
}

function addUp(layers: RandomAttention, name: string, channels: number, out: number, kernel: number): void {
  layers.add(`${name}.weight`, [channels, out, kernel, kernel], 0, 1.5 * Math.sqrt(3 / channels));
  layers.vector(`${name}.bias`, out, 0.1, 0.2);
}
