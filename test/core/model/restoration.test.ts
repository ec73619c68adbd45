import { describe, expect, it } from 'vitest';
import { expectPytorch } from './pytorch-facts.ts';
import { type CuganShape, randomCugan } from './writers/random-cugan.ts';
import { randomSafmn, randomSpanPlus, type SafmnShape, type SpanPlusShape } from './writers/random-modern.ts';

describe('Real-CUGAN as PyTorch computes it', () => {
  it.each<[string, CuganShape, { width: number; height: number }, number, string]>([
    ['cugan-x2', { kind: 'x2' }, { width: 33, height: 32 }, 2, 'x2'],
    ['cugan-x3', { kind: 'x3', pro: true }, { width: 34, height: 33 }, 4, 'x3, pro'],
    ['cugan-x4-pro', { kind: 'x4', pro: true }, { width: 33, height: 32 }, 2, 'x4, pro'],
    ['cugan-x2-fast', { kind: 'x2 fast' }, { width: 44, height: 40 }, 4, 'x2 fast'],
  ])('%s', async (name, shape, size, gridPx, summary) => {
    const { network, program } = await expectPytorch(name, randomCugan(shape, 25), size);
    expect(network.recognition).toMatchObject({ architecture: 'real-cugan', summary });
    expect(program).toMatchObject({ scale: Number(shape.kind[1]), gridPx });
  });
});

describe('SPANPlus as PyTorch computes it', () => {
  it.each<[string, SpanPlusShape, string]>([
    ['spanplus', { features: 16, blocks: [2], scale: 4, tail: 'dys' }, '16 feat, 2 blocks, DySample'],
    ['spanplus-st', { features: 16, blocks: [1, 2], scale: 2, tail: 'ps' }, '16 feat, 1+2 blocks, PixelShuffle'],
  ])('%s', async (name, shape, summary) => {
    const { network, program } = await expectPytorch(name, randomSpanPlus(shape, 27), { width: 13, height: 11 });
    expect(network.recognition).toMatchObject({ architecture: 'spanplus', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: 1 });
  });
});

describe('SAFMN as PyTorch computes it', () => {
  it.each<[string, SafmnShape, { width: number; height: number }, number, string]>([
    ['safmn', { features: 16, blocks: 2, scale: 4 }, { width: 24, height: 16 }, 8, '16 feat, 2 blocks'],
    [
      'safmn-bcie',
      { features: 16, blocks: 1, scale: 1, groups: 2, unshuffle: 2 },
      { width: 32, height: 16 },
      16,
      'BCIE, 16 feat, 1+1 blocks, pixel-unshuffle 2',
    ],
  ])('%s', async (name, shape, size, gridPx, summary) => {
    const { network, program } = await expectPytorch(name, randomSafmn(shape, 29), size);
    expect(network.recognition).toMatchObject({ architecture: 'safmn', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx });
  });
});
