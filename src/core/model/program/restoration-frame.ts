import type { StateDict } from '../checkpoint/state-dict.ts';
import { unsupported } from '../import/refusal.ts';
import { tensor } from '../tensor.ts';
import { cropToSize, type PaddingMode, padToMultiple } from './padding.ts';
import type { Program } from './program.ts';
import type { Planes } from './program-builder.ts';
import type { ProgramLayers } from './program-layers.ts';

/**
 * What SwinIR and its descendants have around their blocks: the mean taken off, a first convolution, the blocks with a
 * convolution behind them as a residual, one of four ways to enlarge, the mean put back.
 */
export interface FramePlan {
  readonly channels: 1 | 3;
  readonly features: number;
  /** Pixels folded into channels first; 1: none are. */
  readonly unshuffle: number;
  readonly upsampler: Upsampler;
  /** How often larger each step of the upsampler makes it. */
  readonly factors: readonly number[];
  readonly scale: number;
}

/** As the configurations of these networks call them; none: a picture of the same size, of which the change is made. */
export type Upsampler =
  | 'pixelshuffle'
  | 'pixelshuffle_aux'
  | 'pixelshuffle_hf'
  | 'pixelshuffledirect'
  | 'nearest+conv'
  | 'none';

/** @param title of the family, for errors. @throws UpreelError `model-unsupported`, `model-refused` */
export function planFrame(state: StateDict, title: string): FramePlan {
  if (state.has('absolute_pos_embed')) {
    throw unsupported(`This ${title} network was trained with positions, which fits pictures of one size only.`);
  }
  const shape = (key: string, index: number): number => state.shape(key)?.[index] ?? 0;
  const [features, taken] = [shape(`${firstOf(state)}.weight`, 0), shape(`${firstOf(state)}.weight`, 1)];
  const unshuffle = state.has('conv_first.1.weight') ? Math.sqrt(taken / 3) : 1;
  const channels = taken / unshuffle ** 2;
  const upsampler = upsamplerOf(state);
  const factors = factorsOf(state, upsampler, channels);
  const scale = factors.reduce((product, factor) => product * factor, 1) / unshuffle;
  const made = upsampler === 'pixelshuffledirect' ? channels : shape('conv_last.weight', 0);
  if ((channels !== 1 && channels !== 3) || made !== channels || !Number.isInteger(scale) || scale < 1) {
    throw unsupported(
      `The ${title} network makes ${made} channels of ${taken}, ${scale} times as large; upreel runs those from RGB to RGB or from gray to gray.`,
    );
  }
  return { channels, features, unshuffle, upsampler, factors, scale };
}

/** For people. */
export function summariseFrame({ features, upsampler, unshuffle }: FramePlan): string[] {
  return [
    `${features} feat`,
    upsampler === 'none' ? 'no upsampler' : upsampler,
    ...(unshuffle === 1 ? [] : [`pixel-unshuffle ${unshuffle}`]),
  ];
}

export interface FrameSettings {
  /** Sizes are brought to multiples of this, by reflection, before the blocks see them; 1: they see any. */
  readonly multiple: number;
  /** No side is shorter then; default: 1. */
  readonly least?: number;
  /** By so much both sides grow at least; default: 0. */
  readonly beyond?: number;
  /** The side of their windows; default: `multiple`. */
  readonly window?: number;
  /** What white is to the network; default: 1. */
  readonly white?: 1 | 255;
  /** Default: reflect. */
  readonly padding?: PaddingMode;
  /** Whether the mean is taken off and put back; default: it is. */
  readonly hasMean?: boolean;
}

export function buildFrame(
  layers: ProgramLayers,
  plan: FramePlan,
  { multiple, least = 1, beyond = 0, window = multiple, white = 1, padding = 'reflect', hasMean = true }: FrameSettings,
  blocks: (features: Planes, groups: 'layers' | 'layers_hf') => Planes,
): Program {
  const { channels, unshuffle, scale } = plan;
  const input = layers.input(channels);
  const mean = channels === 1 ? [0] : hasMean ? DIV2K_MEAN : [0, 0, 0];
  const values = (map: (value: number) => number) => tensor([channels], Float32Array.from(mean, map));
  const padded = padToMultiple(layers, input, multiple * unshuffle, padding, least, beyond);
  const centred = layers.scaled(
    padded,
    values(() => white),
    values((value) => -value * white),
  );
  const first = layers.conv(
    layers.pixelUnshuffle(centred, unshuffle),
    layers.has('conv_first.weight') ? 'conv_first' : 'conv_first.1',
  );
  const body = layers.add(connection(layers, blocks(first, 'layers'), 'conv_after_body'), first);
  const made = enlarge(layers, plan, body, centred, blocks);
  const picture = layers.scaled(
    made,
    values(() => 1 / white),
    values((value) => value),
  );
  const cropped = padded === input ? picture : cropToSize(layers, picture, layers.sizeOf(input), scale);
  return layers.finish(cropped, scale, window * unshuffle);
}

/** The convolution at the end of a residual: one, three with less channels between, a linear layer, or none. */
export function connection(layers: ProgramLayers, planes: Planes, name: string): Planes {
  if (layers.shape(`${name}.weight`)?.length === 2) {
    return layers.toPlanes(layers.linear(layers.toPixels(planes), name));
  }
  if (layers.has(`${name}.weight`)) return layers.conv(planes, name);
  if (!layers.has(`${name}.0.weight`)) return planes;
  const narrow = layers.leakyRelu(layers.conv(planes, `${name}.0`), SLOPE);
  return layers.conv(layers.leakyRelu(layers.conv(narrow, `${name}.2`), SLOPE), `${name}.4`);
}

/** Says that what follows from the windows' shape, and is made anew here, belongs to the network. */
export function ignoreBuffers(state: StateDict): void {
  for (const key of state.keys) if (BUFFERS.test(key)) state.ignore(key);
}

const BUFFERS =
  /(^|\.)((aligned_)?relative_position_index(_\w+)?|attn_mask(_\d)?|rpe_biases|biases_[hv]|num_batches_tracked|relative_coords_table|mean)$/;

export const DIV2K_MEAN = [0.4488, 0.4371, 0.404];
const SLOPE = 0.2;

function firstOf(state: StateDict): string {
  return state.has('conv_first.weight') ? 'conv_first' : 'conv_first.1';
}

function upsamplerOf(state: StateDict): Upsampler {
  if (state.has('conv_bicubic.weight')) return 'pixelshuffle_aux';
  if (state.has('conv_after_body_hf.weight')) return 'pixelshuffle_hf';
  if (state.has('conv_before_upsample.0.weight')) {
    return state.has('conv_up1.weight') ? 'nearest+conv' : 'pixelshuffle';
  }
  return state.has('upsample.0.weight') ? 'pixelshuffledirect' : 'none';
}

function factorsOf(state: StateDict, upsampler: Upsampler, channels: number): number[] {
  const factors: number[] = [];
  switch (upsampler) {
    case 'pixelshuffle':
    case 'pixelshuffle_aux':
    case 'pixelshuffle_hf':
      for (let index = 0; state.has(`upsample.${index}.weight`); index += 2) {
        const [out = 0, taken = 0] = state.shape(`upsample.${index}.weight`) ?? [];
        factors.push(Math.sqrt(out / taken));
      }
      return factors;
    case 'pixelshuffledirect':
      return [Math.sqrt((state.shape('upsample.0.weight')?.[0] ?? 0) / channels)];
    case 'nearest+conv':
      for (let index = 1; state.has(`conv_up${index}.weight`); index++) factors.push(2);
      return factors;
    case 'none':
      return [];
  }
}

function enlarge(
  layers: ProgramLayers,
  { upsampler, factors }: FramePlan,
  body: Planes,
  centred: Planes,
  blocks: (features: Planes, groups: 'layers_hf') => Planes,
): Planes {
  // Here the slope is torch's default.
  const activated = (planes: Planes, name: string) => layers.leakyRelu(layers.conv(planes, name), 0.01);
  const before = () => activated(body, 'conv_before_upsample.0');
  switch (upsampler) {
    case 'pixelshuffle':
      return layers.conv(shuffled(layers, factors, before()), 'conv_last');
    case 'pixelshuffle_aux': {
      // A small picture made on the way, which was compared in training, and the input enlarged beside.
      const small = layers.conv(before(), 'conv_aux');
      const enlarged = shuffled(layers, factors, activated(small, 'conv_after_aux.0'));
      const scale = factors.reduce((product, factor) => product * factor, 1);
      const beside = layers.conv(layers.cubic(centred, scale), 'conv_bicubic');
      return layers.conv(layers.add(enlarged, { ...beside, extent: enlarged.extent }), 'conv_last');
    }
    case 'pixelshuffle_hf': {
      // A second body makes the high frequencies, which are added to the picture.
      const small = before();
      const first = activated(small, 'conv_first_hf.0');
      const fine = layers.add(layers.conv(blocks(first, 'layers_hf'), 'conv_after_body_hf'), first);
      const enlarged = shuffled(layers, factors, activated(fine, 'conv_before_upsample_hf.0'), 'upsample_hf');
      const picture = layers.conv(shuffled(layers, factors, small), 'conv_last');
      return layers.add(picture, layers.conv(enlarged, 'conv_last_hf'));
    }
    case 'pixelshuffledirect':
      return layers.pixelShuffle(layers.conv(body, 'upsample.0'), factors[0] ?? 1);
    case 'nearest+conv': {
      const enlarged = factors.reduce(
        (value, _, index) => layers.leakyRelu(layers.conv(layers.nearest(value, 2), `conv_up${index + 1}`), SLOPE),
        before(),
      );
      return layers.conv(layers.leakyRelu(layers.conv(enlarged, 'conv_hr'), SLOPE), 'conv_last');
    }
    case 'none':
      return layers.add(centred, layers.conv(body, 'conv_last'));
  }
}

function shuffled(layers: ProgramLayers, factors: readonly number[], planes: Planes, name = 'upsample'): Planes {
  return factors.reduce(
    (value, factor, index) => layers.pixelShuffle(layers.conv(value, `${name}.${2 * index}`), factor),
    planes,
  );
}
