import { describe, expect, it } from 'vitest';
import { expectPytorch } from './pytorch-facts.ts';
import { type CuganShape, randomCugan } from './writers/random-cugan.ts';
import {
  type DitnShape,
  randomDctlsa,
  randomDitn,
  randomMmRealSr,
  randomSeemore,
  type SeemoreShape,
} from './writers/random-light.ts';
import { randomSafmn, randomSpanPlus, type SafmnShape, type SpanPlusShape } from './writers/random-modern.ts';
import {
  type DncnnShape,
  type NafnetShape,
  randomDncnn,
  randomDrunet,
  randomFbcnn,
  randomNafnet,
  randomScunet,
  type ScunetShape,
  type UnetShape,
} from './writers/random-restorers.ts';
import { randomSpsr } from './writers/random-spsr.ts';

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

describe('SCUNet as PyTorch computes it', () => {
  it.each<[string, ScunetShape, { width: number; height: number; channels?: 1 | 3 }, string]>([
    [
      'scunet',
      { features: 64, blocks: [2, 1, 0, 1], window: 8 },
      { width: 65, height: 50 },
      '64 feat, 2+1+0+1+0+1+2 blocks, windows 8',
    ],
  ])('%s', async (name, shape, size, summary) => {
    const { network, program } = await expectPytorch(name, randomScunet(shape, 31), size);
    expect(network.recognition).toMatchObject({ architecture: 'scunet', summary });
    expect(program).toMatchObject({ scale: 1, gridPx: 64, channels: size.channels ?? 3 });
  });
});

describe('NAFNet as PyTorch computes it', () => {
  it.each<[string, NafnetShape, { width: number; height: number }, number, string]>([
    [
      'nafnet',
      { features: 8, encoders: [1, 2], middle: 1, decoders: [2, 1] },
      { width: 13, height: 11 },
      4,
      '8 feat, 1+2+1+2+1 blocks',
    ],
  ])('%s', async (name, shape, size, gridPx, summary) => {
    const { network, program } = await expectPytorch(name, randomNafnet(shape, 33), size);
    expect(network.recognition).toMatchObject({ architecture: 'nafnet', summary });
    expect(program).toMatchObject({ scale: 1, gridPx });
  });
});

describe('DRUNet as PyTorch computes it', () => {
  it.each<[string, UnetShape, { width: number; height: number; channels?: 1 | 3 }, string]>([
    [
      'drunet',
      { features: [8, 16, 24, 32], blocks: 2 },
      { width: 24, height: 16 },
      '8 feat, 2+2+2+2+2+2+2 blocks, noise 15',
    ],
    [
      'drunet-gray',
      { features: [8, 8, 8, 16], blocks: 2, channels: 1 },
      { width: 8, height: 16, channels: 1 },
      '8 feat, 2+2+2+2+2+2+2 blocks, noise 15',
    ],
  ])('%s', async (name, shape, size, summary) => {
    const { network, program } = await expectPytorch(name, randomDrunet(shape, 35), size);
    expect(network.recognition).toMatchObject({ architecture: 'drunet', summary });
    expect(program).toMatchObject({ scale: 1, gridPx: 8 });
  });
});

describe('FBCNN as PyTorch computes it', () => {
  it('fbcnn', async () => {
    const shape = { features: [8, 8, 12, 16], blocks: 2, hidden: 16 } as const;
    const { network, program } = await expectPytorch('fbcnn', randomFbcnn(shape, 37), { width: 13, height: 18 });
    const summary = '8 feat, 2+2+2+2+2+2+2 blocks';
    expect(network.recognition).toMatchObject({ architecture: 'fbcnn', summary });
    expect(program).toMatchObject({ scale: 1, gridPx: 8 });
  });
});

describe('DnCNN as PyTorch computes it', () => {
  it.each<[string, DncnnShape, { width: number; height: number; channels?: 1 | 3 }, string]>([
    ['dncnn', { features: 8, convolutions: 9 }, { width: 13, height: 11 }, '8 feat, 9 conv'],
    [
      'dncnn-norm-gray',
      { features: 8, convolutions: 5, norm: true, channels: 1 },
      { width: 13, height: 11, channels: 1 },
      '8 feat, 5 conv',
    ],
    [
      'fdncnn',
      { features: 8, convolutions: 9, strength: true },
      { width: 13, height: 11 },
      'FDnCNN, 8 feat, 9 conv, noise 15',
    ],
  ])('%s', async (name, shape, size, summary) => {
    const { network } = await expectPytorch(name, randomDncnn(shape, 39), size);
    expect(network.recognition).toMatchObject({ architecture: 'dncnn', summary });
    expect(network.kind).toBe('graph');
  });
});

describe('DITN as PyTorch computes it', () => {
  it.each<[string, DitnShape, { width: number; height: number }, string]>([
    ['ditn', { features: 12, blocks: 2, scale: 4 }, { width: 21, height: 18 }, '12 feat, 2 and 2 blocks'],
  ])('%s', async (name, shape, size, summary) => {
    const { network, program } = await expectPytorch(name, randomDitn(shape, 41), size);
    expect(network.recognition).toMatchObject({ architecture: 'ditn', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: 8 });
  });
});

describe('DCTLSA as PyTorch computes it', () => {
  it('dctlsa', async () => {
    const weights = randomDctlsa({ features: 20, scale: 2 }, 43);
    const { network, program } = await expectPytorch('dctlsa', weights, { width: 32, height: 18 });
    expect(network.recognition).toMatchObject({ architecture: 'dctlsa', summary: '20 feat' });
    expect(program).toMatchObject({ scale: 2, gridPx: 16 });
  });
});

describe('SeemoRe as PyTorch computes it', () => {
  it.each<[string, SeemoreShape, string]>([
    ['seemore', { features: 12, layers: 2, experts: 3, scale: 2 }, '12 feat, 2 blocks, 3 experts'],
    ['seemore-large', { features: 48, layers: 16, experts: 3, scale: 4 }, '48 feat, 16 blocks, 3 experts'],
  ])('%s', async (name, shape, summary) => {
    const { network, program } = await expectPytorch(name, randomSeemore(shape, 45), { width: 21, height: 17 });
    expect(network.recognition).toMatchObject({ architecture: 'seemore', summary });
    expect(program).toMatchObject({ scale: shape.scale, gridPx: 1 });
  });
});

describe('MM-RealSR as PyTorch computes it', () => {
  it('mm-realsr', async () => {
    const weights = randomMmRealSr({ features: 8, growth: 4, blocks: 2, embedding: 512 }, 47);
    const { network } = await expectPytorch('mm-realsr', weights, { width: 18, height: 21 });
    const summary = '8 feat, 2 blocks, 2 degradations';
    expect(network.recognition).toMatchObject({ architecture: 'mm-realsr', summary });
    expect(network.kind).toBe('graph');
  });
});

describe('SPSR as PyTorch computes it', () => {
  it('spsr', async () => {
    const weights = randomSpsr({ features: 8, growth: 32, doublings: 2 }, 55);
    const { network } = await expectPytorch('spsr', weights, { width: 13, height: 11 });
    expect(network.recognition).toMatchObject({ architecture: 'spsr', summary: '8 feat, 20 blocks' });
    expect(network.kind).toBe('graph');
  });
});
