import type { Upsampler } from '../../../../src/core/model/program/restoration-frame.ts';
import type { RandomAttention } from './random-attention.ts';

export interface FrameShape {
  readonly features: number;
  readonly upsampler: Upsampler;
  readonly scale: number;
  readonly channels?: 1 | 3;
  readonly unshuffle?: number;
  readonly connection?: '1conv' | '1conv1x1' | '3conv' | 'linear';
}

/** SwinIR's first and last layers; `blocks` adds what lies between. */
export function addFrame(layers: RandomAttention, shape: FrameShape, blocks: () => void): void {
  const { features, upsampler, scale, channels = 3, unshuffle = 1 } = shape;
  layers.conv(unshuffle === 1 ? 'conv_first' : 'conv_first.1', features, channels * unshuffle ** 2);
  blocks();
  addConnection(layers, 'conv_after_body', shape);
  const inner = 64;
  const enlarged = scale * unshuffle;
  switch (upsampler) {
    case 'pixelshuffle':
    case 'pixelshuffle_hf':
    case 'pixelshuffle_aux': {
      layers.conv('conv_before_upsample.0', inner, features);
      if (upsampler === 'pixelshuffle_aux') {
        layers.conv('conv_bicubic', inner, channels);
        layers.conv('conv_aux', channels, inner);
        layers.conv('conv_after_aux.0', inner, channels);
      }
      const factors = enlarged === 3 ? [3] : new Array<number>(Math.log2(enlarged)).fill(2);
      for (const end of upsampler === 'pixelshuffle_hf' ? ['', '_hf'] : ['']) {
        factors.forEach((factor, index) => void layers.conv(`upsample${end}.${2 * index}`, inner * factor ** 2, inner));
        layers.conv(`conv_last${end}`, channels, inner, 3, true, 0.4);
      }
      if (upsampler === 'pixelshuffle_hf') {
        layers.conv('conv_first_hf.0', features, inner);
        layers.conv('conv_after_body_hf', features, features, 3, true, 0.5);
        layers.conv('conv_before_upsample_hf.0', inner, features);
      }
      break;
    }
    case 'pixelshuffledirect':
      layers.conv('upsample.0', channels * enlarged ** 2, features, 3, true, 0.4);
      break;
    case 'nearest+conv':
      layers.conv('conv_before_upsample.0', inner, features);
      for (let up = 1; 2 ** up <= enlarged; up++) layers.conv(`conv_up${up}`, inner, inner);
      layers.conv('conv_hr', inner, inner);
      layers.conv('conv_last', channels, inner, 3, true, 0.4);
      break;
    case 'none':
      layers.conv('conv_last', channels, features, 3, true, 0.4);
  }
}

export function addConnection(
  layers: RandomAttention,
  name: string,
  { features, connection = '1conv' }: Pick<FrameShape, 'features' | 'connection'>,
): void {
  if (connection === '1conv' || connection === '1conv1x1') {
    layers.conv(name, features, features, connection === '1conv' ? 3 : 1, true, 0.5);
    return;
  }
  if (connection === 'linear') {
    layers.linear(name, features, features, true, 0.5);
    return;
  }
  const narrow = Math.floor(features / 4);
  layers.conv(`${name}.0`, narrow, features);
  layers.conv(`${name}.2`, narrow, narrow, 1);
  layers.conv(`${name}.4`, features, narrow, 3, true, 0.5);
}
