import { describe, expect, it } from 'vitest';
import { expectPytorch } from './pytorch-facts.ts';
import { type MosrShape, type PlksrShape, randomMosr, randomPlksr } from './writers/random-attention.ts';
import { type CraftShape, type FdatShape, randomCraft, randomFdat } from './writers/random-craft.ts';
import { type DatShape, randomDat, randomRgt } from './writers/random-dat.ts';
import { type GrlShape, randomGrl } from './writers/random-grl.ts';
import { type OmnisrShape, randomOmnisr } from './writers/random-omnisr.ts';
import {
  type AtdShape,
  randomAtd,
  randomDrct,
  randomHat,
  randomSrformer,
  randomSwin2sr,
  randomSwinir,
  type SwinShape,
} from './writers/random-swin.ts';

describe('PLKSR and RealPLKSR as PyTorch computes them', () => {
  it.each<[string, PlksrShape, string]>([
    [
      'realplksr',
      { features: 16, blocks: 2, scale: 4, real: true, norm: 'group' },
      'RealPLKSR, 16 feat, 2 blocks, group norm',
    ],
    [
      'realplksr-layer-norm',
      { features: 16, blocks: 2, scale: 2, real: true, norm: 'layer', attention: false },
      'RealPLKSR, 16 feat, 2 blocks, layer norm',
    ],
    [
      'realplksr-dysample',
      { features: 16, blocks: 1, scale: 2, real: true, norm: 'group', tail: 'DySample' },
      'RealPLKSR, 16 feat, 1 blocks, group norm, DySample',
    ],
    [
      'realplksr-dysample-x3',
      { features: 16, blocks: 1, scale: 3, real: true, norm: 'layer', tail: 'DySample' },
      'RealPLKSR, 16 feat, 1 blocks, layer norm, DySample',
    ],
    [
      'realplksr-x1',
      { features: 16, blocks: 1, scale: 1, real: true, norm: 'group' },
      'RealPLKSR, 16 feat, 1 blocks, group norm',
    ],
    ['plksr', { features: 16, blocks: 2, scale: 2, real: false, mixer: [3, 1] }, 'PLKSR, 16 feat, 2 blocks'],
    [
      'plksr-rectangles',
      { features: 16, blocks: 1, scale: 3, real: false, mixer: [1, 3], far: 'rectangles' },
      'PLKSR, 16 feat, 1 blocks',
    ],
  ])('%s', async (name, shape, summary) => {
    const { network, program } = await expectPytorch(name, randomPlksr(shape, 3), { width: 13, height: 11 });
    expect(network.recognition).toMatchObject({ architecture: 'plksr', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: 1 });
  });
});

const DAT: DatShape = { features: 32, heads: 4, depths: [3, 2], window: [2, 4], upsampler: 'pixelshuffle', scale: 2 };

describe('DAT as PyTorch computes it', () => {
  it.each<[string, DatShape, { width: number; height: number }, string]>([
    ['dat', DAT, { width: 13, height: 10 }, '32 feat, pixelshuffle, 3+2 blocks, windows 2x4'],
    ['dat-fits', DAT, { width: 12, height: 8 }, '32 feat, pixelshuffle, 3+2 blocks, windows 2x4'],
    [
      'dat-2',
      { ...DAT, window: [4, 4], depths: [3], scale: 4 },
      { width: 9, height: 11 },
      '32 feat, pixelshuffle, 3 blocks, windows 4x4',
    ],
    [
      'dat-light',
      { ...DAT, depths: [4], upsampler: 'pixelshuffledirect', scale: 3, connection: '3conv' },
      { width: 6, height: 3 },
      '32 feat, pixelshuffledirect, 4 blocks, windows 2x4',
    ],
  ])('%s', async (name, shape, size, summary) => {
    const { network, program } = await expectPytorch(name, randomDat(shape, 5), size);
    expect(network.recognition).toMatchObject({ architecture: 'dat', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: 4 });
  });
});

const SWIN: SwinShape = { features: 16, heads: 2, depths: [2, 1], window: 4, upsampler: 'pixelshuffle', scale: 2 };

describe('SwinIR as PyTorch computes it', () => {
  it.each<[string, SwinShape, { width: number; height: number; channels?: 1 | 3 }]>([
    ['swinir', SWIN, { width: 13, height: 10 }],
    ['swinir-fits', { ...SWIN, scale: 3 }, { width: 12, height: 8 }],
    ['swinir-light', { ...SWIN, upsampler: 'pixelshuffledirect', scale: 4 }, { width: 7, height: 9 }],
    ['swinir-real', { ...SWIN, upsampler: 'nearest+conv', scale: 4, connection: '3conv' }, { width: 9, height: 6 }],
    ['swinir-real-x8', { ...SWIN, upsampler: 'nearest+conv', scale: 8, depths: [2] }, { width: 5, height: 4 }],
    ['swinir-denoise', { ...SWIN, upsampler: 'none', scale: 1 }, { width: 13, height: 10 }],
    [
      'swinir-jpeg-gray',
      { ...SWIN, upsampler: 'none', scale: 1, window: 7, channels: 1 },
      { width: 10, height: 16, channels: 1 },
    ],
    ['swinir-unshuffle', { ...SWIN, upsampler: 'nearest+conv', scale: 2, unshuffle: 2 }, { width: 16, height: 8 }],
  ])('%s', async (name, shape, size) => {
    const { network, program } = await expectPytorch(name, randomSwinir(shape, 7), size);
    expect(network.recognition).toMatchObject({ architecture: 'swinir' });
    expect(program).toMatchObject({
      scale: shape.scale,
      gridPx: shape.window * (shape.unshuffle ?? 1),
      channels: shape.channels ?? 3,
    });
  });
});

const OMNI: OmnisrShape = { features: 16, groups: 1, blocks: 1, window: 4, scale: 2 };

describe('Swin2SR as PyTorch computes it', () => {
  it.each<[string, SwinShape, { width: number; height: number; channels?: 1 | 3 }]>([
    ['swin2sr', SWIN, { width: 13, height: 10 }],
    ['swin2sr-light', { ...SWIN, upsampler: 'pixelshuffledirect', scale: 4, depths: [2] }, { width: 7, height: 9 }],
    ['swin2sr-real', { ...SWIN, upsampler: 'nearest+conv', scale: 4, depths: [2] }, { width: 9, height: 6 }],
    ['swin2sr-compressed', { ...SWIN, upsampler: 'pixelshuffle_aux', scale: 4 }, { width: 12, height: 8 }],
    ['swin2sr-fine', { ...SWIN, upsampler: 'pixelshuffle_hf', scale: 2 }, { width: 9, height: 14 }],
    [
      'swin2sr-jpeg',
      { ...SWIN, upsampler: 'none', scale: 1, window: 7, channels: 1 },
      { width: 9, height: 15, channels: 1 },
    ],
  ])('%s', async (name, shape, size) => {
    const { network, program } = await expectPytorch(name, randomSwin2sr(shape, 49), size);
    expect(network.recognition).toMatchObject({ architecture: 'swin2sr' });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: shape.window, channels: shape.channels ?? 3 });
  });
});

describe('OmniSR as PyTorch computes it', () => {
  it.each<[string, OmnisrShape, { width: number; height: number }, string]>([
    ['omnisr', OMNI, { width: 21, height: 18 }, '16 feat, 1 groups of 1 blocks, windows 4'],
    [
      'omnisr-fits',
      { ...OMNI, groups: 2, scale: 4, bias: false },
      { width: 20, height: 16 },
      '16 feat, 2 groups of 1 blocks, windows 4',
    ],
    [
      'omnisr-no-positions',
      { ...OMNI, window: 8, positions: false, scale: 3 },
      { width: 16, height: 23 },
      '16 feat, 1 groups of 1 blocks, windows 8',
    ],
  ])('%s', async (name, shape, size, summary) => {
    const { network, program } = await expectPytorch(name, randomOmnisr(shape, 9), size);
    expect(network.recognition).toMatchObject({ architecture: 'omnisr', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: shape.window });
  });
});

describe('SRFormer as PyTorch computes it', () => {
  it.each<[string, SwinShape, { width: number; height: number }, string]>([
    ['srformer', SWIN, { width: 13, height: 10 }, '16 feat, pixelshuffle, 2+1 blocks, windows 4'],
    [
      'srformer-odd-shift',
      { ...SWIN, window: 6, depths: [2], scale: 3 },
      { width: 18, height: 12 },
      '16 feat, pixelshuffle, 2 blocks, windows 6',
    ],
    [
      'srformer-light',
      { ...SWIN, upsampler: 'pixelshuffledirect', scale: 4, connection: '3conv' },
      { width: 7, height: 9 },
      '16 feat, pixelshuffledirect, 2+1 blocks, windows 4',
    ],
    [
      'srformer-real',
      { ...SWIN, upsampler: 'nearest+conv', scale: 4 },
      { width: 9, height: 6 },
      '16 feat, nearest+conv, 2+1 blocks, windows 4',
    ],
  ])('%s', async (name, shape, size, summary) => {
    const { network, program } = await expectPytorch(name, randomSrformer(shape, 13), size);
    expect(network.recognition).toMatchObject({ architecture: 'srformer', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: shape.window });
  });
});

describe('HAT as PyTorch computes it', () => {
  it.each<[string, SwinShape & { outer: number }, { width: number; height: number }, string]>([
    ['hat', { ...SWIN, outer: 6 }, { width: 13, height: 10 }, '16 feat, pixelshuffle, 2+1 blocks, windows 4 and 6'],
    [
      'hat-fits',
      { ...SWIN, outer: 8, depths: [2], scale: 4 },
      { width: 12, height: 4 },
      '16 feat, pixelshuffle, 2 blocks, windows 4 and 8',
    ],
  ])('%s', async (name, shape, size, summary) => {
    const { network, program } = await expectPytorch(name, randomHat(shape, 15), size);
    expect(network.recognition).toMatchObject({ architecture: 'hat', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: shape.window });
  });
});

describe('DRCT as PyTorch computes it', () => {
  it.each<[string, Parameters<typeof randomDrct>[0], { width: number; height: number }]>([
    ['drct', { ...SWIN, heads: 4, growth: 8, groups: 2 }, { width: 16, height: 12 }],
    ['drct-odd-heads', { ...SWIN, features: 24, heads: 6, growth: 4, groups: 1, scale: 4 }, { width: 4, height: 8 }],
  ])('%s', async (name, shape, size) => {
    const { network, program } = await expectPytorch(name, randomDrct(shape, 17), size);
    const summary = `${shape.features} feat, pixelshuffle, ${shape.groups} groups, windows 4`;
    expect(network.recognition).toMatchObject({ architecture: 'drct', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: 4 });
  });
});

describe('MoSR as PyTorch computes it', () => {
  it.each<[string, MosrShape, string]>([
    ['mosr', { features: 16, blocks: 2, scale: 2, tail: 'ps' }, '16 feat, 2 blocks, PixelShuffle'],
    ['mosr-dysample', { features: 16, blocks: 1, scale: 4, tail: 'dys', seen: 0.5 }, '16 feat, 1 blocks, DySample'],
    [
      'mosr-geo',
      { features: 16, blocks: 1, scale: 3, tail: 'gps', seen: 1.5 },
      '16 feat, 1 blocks, GeoEnsemblePixelShuffle',
    ],
  ])('%s', async (name, shape, summary) => {
    const { network, program } = await expectPytorch(name, randomMosr(shape, 19), { width: 13, height: 11 });
    expect(network.recognition).toMatchObject({ architecture: 'mosr', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: 1 });
  });
});

describe('RGT as PyTorch computes it', () => {
  it.each<[string, DatShape, { width: number; height: number }, string]>([
    ['rgt', DAT, { width: 37, height: 34 }, '32 feat, pixelshuffle, 3+2 blocks, windows 2x4'],
    [
      'rgt-s',
      { ...DAT, window: [4, 4], depths: [4], scale: 4, connection: '3conv' },
      { width: 16, height: 51 },
      '32 feat, pixelshuffle, 4 blocks, windows 4x4',
    ],
  ])('%s', async (name, shape, size, summary) => {
    const { network, program } = await expectPytorch(name, randomRgt(shape, 21), size);
    expect(network.recognition).toMatchObject({ architecture: 'rgt', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: 16 });
  });
});

describe('ATD as PyTorch computes it', () => {
  it.each<[string, AtdShape, { width: number; height: number }, string]>([
    [
      'atd',
      { ...SWIN, entries: 6 },
      { width: 21, height: 18 },
      '16 feat, pixelshuffle, 2+1 blocks, windows 4, 6 entries, categories of 256',
    ],
    [
      'atd-light',
      {
        ...SWIN,
        features: 48,
        depths: [2],
        upsampler: 'pixelshuffledirect',
        scale: 3,
        connection: '3conv',
        hasMean: false,
        entries: 8,
      },
      { width: 16, height: 9 },
      '48 feat, pixelshuffledirect, 2 blocks, windows 4, 8 entries, categories of 128',
    ],
  ])('%s', async (name, shape, size, summary) => {
    const { network, program } = await expectPytorch(name, randomAtd(shape, 23), size);
    expect(network.recognition).toMatchObject({ architecture: 'atd', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: 4 });
  });
});

describe('CRAFT as PyTorch computes it', () => {
  it.each<[string, CraftShape, { width: number; height: number }, string]>([
    [
      'craft',
      { features: 32, heads: 4, depths: [2, 1], window: [2, 8], scale: 2 },
      { width: 21, height: 18 },
      '32 feat, pixelshuffledirect, 2+1 blocks, windows 2x8',
    ],
    [
      'craft-fits',
      { features: 32, heads: 4, depths: [1], window: [4, 16], scale: 4 },
      { width: 16, height: 16 },
      '32 feat, pixelshuffledirect, 1 blocks, windows 4x16',
    ],
    [
      'craft-crossed',
      { features: 32, heads: 4, depths: [1], window: [2, 8], scale: 2, isCrossed: true },
      { width: 21, height: 18 },
      '32 feat, pixelshuffledirect, 1 blocks, windows 2x8',
    ],
  ])('%s', async (name, shape, size, summary) => {
    const { network, program } = await expectPytorch(name, randomCraft(shape, 51), size);
    expect(network.recognition).toMatchObject({ architecture: 'craft', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: 16 });
  });
});

const FDAT: FdatShape = { features: 16, heads: 2, window: 4, scale: 4, upsampler: 'transpose+conv' };

describe('FDAT as PyTorch computes it', () => {
  it.each<[string, FdatShape]>([
    ['fdat', FDAT],
    ['fdat-x2', { ...FDAT, scale: 2 }],
    ['fdat-x3', { ...FDAT, scale: 3 }],
    ['fdat-pa', { ...FDAT, upsampler: 'pa_up' }],
    ['fdat-nearest', { ...FDAT, upsampler: 'nearest+conv' }],
    ['fdat-shuffle', { ...FDAT, upsampler: 'pixelshuffle', scale: 3 }],
    ['fdat-direct', { ...FDAT, upsampler: 'pixelshuffledirect', scale: 2 }],
    ['fdat-dysample', { ...FDAT, upsampler: 'dysample', scale: 2 }],
    ['fdat-lda', { ...FDAT, upsampler: 'lda', scale: 2 }],
    ['fdat-lda-x3', { ...FDAT, features: 24, upsampler: 'lda', scale: 3 }],
    ['fdat-unshuffle', { ...FDAT, unshuffle: 2 }],
  ])('%s', async (name, shape) => {
    const { network, program } = await expectPytorch(name, randomFdat(shape, 53), { width: 9, height: 14 });
    const { unshuffle = 1 } = shape;
    const summary = `${shape.features} feat, ${shape.upsampler}, 2 blocks, windows 4`;
    expect(network.recognition.summary.startsWith(summary)).toBe(true);
    expect(program).toMatchObject({ scale: shape.scale / unshuffle, gridPx: 4 * unshuffle });
  });
});

const GRL: GrlShape = { ...SWIN, depths: [4], stripe: [4, 8], anchor: 2 };

describe('GRL as PyTorch computes it', () => {
  it.each<[string, GrlShape, { width: number; height: number }, string]>([
    ['grl', GRL, { width: 21, height: 18 }, '16 feat, pixelshuffle, 4 blocks, windows 4 and 4x8'],
    [
      'grl-base',
      {
        ...GRL,
        features: 36,
        heads: 3,
        depths: [3, 1],
        stripe: [8, 4],
        upsampler: 'nearest+conv',
        scale: 4,
        isLocal: true,
      },
      { width: 8, height: 16 },
      '36 feat, nearest+conv, 3+1 blocks, windows 4 and 8x4',
    ],
    [
      'grl-convolved',
      { ...GRL, depths: [2], stripe: [8, 8], anchor: 4, anchors: 'convolution', connection: '1conv1x1' },
      { width: 15, height: 8 },
      '16 feat, pixelshuffle, 2 blocks, windows 4 and 8x8',
    ],
    [
      'grl-separable',
      { ...GRL, depths: [3], anchors: 'separable', isSeparable: true, connection: 'linear' },
      { width: 13, height: 10 },
      '16 feat, pixelshuffle, 3 blocks, windows 4 and 4x8',
    ],
    [
      'grl-merging',
      { ...GRL, depths: [2], anchors: 'merging', connection: '3conv' },
      { width: 13, height: 10 },
      '16 feat, pixelshuffle, 2 blocks, windows 4 and 4x8',
    ],
    [
      'grl-stages',
      { ...GRL, depths: [4], stripe: [8, 8], anchor: 4, anchors: 'merging', stages: 2 },
      { width: 8, height: 18 },
      '16 feat, pixelshuffle, 4 blocks, windows 4 and 8x8',
    ],
    [
      'grl-stages-convolved',
      { ...GRL, depths: [1], stripe: [8, 4], anchor: 4, anchors: 'separable', stages: 2 },
      { width: 8, height: 18 },
      '16 feat, pixelshuffle, 1 blocks, windows 4 and 8x4',
    ],
  ])('%s', async (name, shape, size, summary) => {
    const { network, program } = await expectPytorch(name, randomGrl(shape, 57), size);
    expect(network.recognition).toMatchObject({ architecture: 'grl', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: 8 });
  });
});
