import { describe, expect, it } from 'vitest';
import { expectPytorch } from './pytorch-facts.ts';
import { type CuganShape, randomCugan } from './writers/random-cugan.ts';

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
