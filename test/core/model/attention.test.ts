import { describe, expect, it } from 'vitest';
import { expectPytorch } from './pytorch-facts.ts';
import { type PlksrShape, randomPlksr } from './writers/random-attention.ts';
import { type DatShape, randomDat } from './writers/random-dat.ts';

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
