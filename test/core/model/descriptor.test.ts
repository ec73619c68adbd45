import { describe, expect, it } from 'vitest';
import { importBytes } from './run-network.ts';
import { writeNcnnCompact, writeNcnnRrdb } from './writers/ncnn-writer.ts';
import { randomCompact, randomRrdb } from './writers/random-networks.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';
import { writeTorchZip } from './writers/torch-writer.ts';

const RRDB = { features: 4, growth: 2, blocks: 2, doublings: 2 } as const;

describe('the descriptor', () => {
  it('counts parameters, work and reach of a Compact network', async () => {
    const weights = randomCompact(8, 3, 4, 1);
    const { descriptor } = await importBytes({ 'n.pth': writeTorchZip(weights) });
    expect(descriptor).toMatchObject({
      id: 'under-test',
      architecture: 'compact',
      summary: '8 feat, 3 conv',
      scale: 4,
      alignPx: 1,
      // One pixel for each of the five 3x3 convolutions.
      receptiveFieldPx: 5,
      parameters: [...weights.values()].reduce((sum, { data }) => sum + data.length, 0),
      flopsPerPixel: 2 * 9 * (3 * 8 + 3 * 8 * 8 + 8 * 48),
    });
  });

  it.each([
    // 1 + 15 per block + 1 at the input's size, and four that together reach less than two more input pixels.
    [{}, 34],
    // At half the size, each of the 32 reaches two input pixels.
    [{ unshuffle: 2 as const }, 68],
  ])('tells the reach of RRDB %o', async (shape, reach) => {
    const { descriptor } = await importBytes({ 'n.pth': writeTorchZip(randomRrdb({ ...RRDB, ...shape }, 1)) });
    expect(descriptor.receptiveFieldPx).toBe(reach);
  });

  it('counts the work of layers at the size at which they run', async () => {
    const { descriptor } = await importBytes({ 'n.pth': writeTorchZip(randomRrdb(RRDB, 1)) });
    const dense = 4 * 2 + 6 * 2 + 8 * 2 + 10 * 2 + 12 * 4;
    const full = 3 * 4 + 6 * dense + 4 * 4;
    expect(descriptor.flopsPerPixel).toBe(2 * 9 * (full + 4 * 16 + 16 * (16 + 16 + 12)));
  });

  it('names a network by its content, whatever file it came from', async () => {
    const weights = randomCompact(4, 1, 2, 1);
    const hashOf = async (files: Record<string, Uint8Array | string>) =>
      (await importBytes(files)).descriptor.contentHash;
    const hash = await hashOf({ 'n.pth': writeTorchZip(weights) });
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await hashOf({ 'other.safetensors': writeSafetensors(weights) })).toBe(hash);
    expect(await hashOf({ 'n.pth': writeTorchZip(randomCompact(4, 1, 2, 2)) })).not.toBe(hash);
  });

  it('tells one .bin under two .param files apart', async () => {
    const weights = randomCompact(4, 1, 4, 1);
    const plain = writeNcnnCompact(weights, 4, true);
    const half = writeNcnnCompact(weights, 4, true, '0=3 1=5.000000e-01 2=5.000000e-01');
    expect(half.bin).toEqual(plain.bin);
    const first = await importBytes({ 'n.bin': plain.bin, 'n.param': plain.param });
    const second = await importBytes({ 'n.bin': half.bin, 'n.param': half.param });
    expect(second.descriptor.scale).toBe(2);
    expect(second.descriptor.contentHash).not.toBe(first.descriptor.contentHash);
  });

  it('recognises RRDB from ncnn layers', async () => {
    const { param, bin } = writeNcnnRrdb(randomRrdb(RRDB, 1), true);
    const { descriptor } = await importBytes({ 'n.bin': bin, 'n.param': param });
    expect(descriptor).toMatchObject({ architecture: 'rrdb', summary: '4 feat, 2 blocks', receptiveFieldPx: 34 });
  });
});
