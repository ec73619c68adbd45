import { describe, expect, it } from 'vitest';
import { expectPytorch } from './pytorch-facts.ts';
import { type PlksrShape, randomPlksr } from './writers/random-attention.ts';

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
