import { describe, expect, it } from 'vitest';
import type { NetworkVariant } from '../../../src/core/model/descriptor.ts';
import { bicubic, evaluateCompact, evaluateRrdb } from '../../support/reference-evaluator.ts';
import { expectEqual, importBytes } from './run-network.ts';
import { rounded, type WrittenType } from './writers/element-bytes.ts';
import { writeNcnnCompact, writeNcnnRrdb } from './writers/ncnn-writer.ts';
import { type RrdbShape, randomCompact, randomRrdb } from './writers/random-networks.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';
import { writeTorchLegacy, writeTorchZip } from './writers/torch-writer.ts';

const COMPACT = randomCompact(8, 3, 4, 1);
const RRDB = randomRrdb({ features: 10, growth: 6, blocks: 2, doublings: 2 }, 2);

describe('every format gives the network that was saved', () => {
  it.each<[string, () => Readonly<Record<string, Uint8Array | string>>]>([
    ['torch zip, stored as torch writes it', () => ({ 'n.pth': writeTorchZip(COMPACT, { torchStyle: true }) })],
    ['torch zip, DEFLATEd', () => ({ 'n.pth': writeTorchZip(COMPACT, { deflate: true }) })],
    ['torch zip with another name', () => ({ 'pytorch_model.bin': writeTorchZip(COMPACT) })],
    ['torch zip, weights averaged and wrapped', () => ({ 'n.pth': writeTorchZip(COMPACT, { wrapper: 'params_ema' }) })],
    ['torch zip, keys of a parallel module', () => ({ 'n.pth': writeTorchZip(COMPACT, { prefix: 'module.' }) })],
    ['torch zip, transposed views', () => ({ 'n.pth': writeTorchZip(COMPACT, { transposed: true }) })],
    ['torch legacy', () => ({ 'n.pth': writeTorchLegacy(COMPACT, { wrapper: 'params' }) })],
    ['safetensors', () => ({ 'n.safetensors': writeSafetensors(COMPACT) })],
    ['ncnn float32', () => ncnn(writeNcnnCompact(COMPACT, 4, false))],
  ])('%s', async (_name, files) => {
    await expectEqual(await importBytes(files()), (picture) => evaluateCompact(COMPACT, picture));
  });

  it.each<WrittenType>(['float16', 'bfloat16', 'float64'])('torch with %s elements', async (type) => {
    const network = await importBytes({ 'n.pth': writeTorchZip(COMPACT, { type }) });
    await expectEqual(network, (picture) => evaluateCompact(rounded(COMPACT, type), picture));
  });

  it.each<WrittenType>(['float16', 'bfloat16', 'float64'])('safetensors with %s elements', async (type) => {
    const network = await importBytes({ 'n.safetensors': writeSafetensors(COMPACT, type) });
    await expectEqual(network, (picture) => evaluateCompact(rounded(COMPACT, type), picture));
  });
});

describe('RRDB', () => {
  it.each<[string, (key: string) => string, Partial<RrdbShape>]>([
    ["Real-ESRGAN's keys", (key) => key, {}],
    ["the paper's official keys", officialKey, {}],
    ["old ESRGAN's keys", oldKey(2, 2), {}],
    ['odd widths, one block, x2', oldKey(1, 1), { features: 7, growth: 3, blocks: 1, doublings: 1 }],
    ['x8', oldKey(1, 3), { blocks: 1, doublings: 3 }],
    ['x1 without enlarging', oldKey(1, 0), { blocks: 1, doublings: 0 }],
    ['pixel-unshuffle to x2', (key) => key, { unshuffle: 2 }],
    ['pixel-unshuffle to x1', (key) => key, { unshuffle: 4 }],
    ["ESRGAN+ with old ESRGAN's keys", oldKey(2, 2), { plus: true }],
    ["ESRGAN+ with Real-ESRGAN's keys", (key) => key, { plus: true }],
  ])('%s', async (_name, rename, shape) => {
    const full = { features: 10, growth: 6, blocks: 2, doublings: 2, ...shape };
    const weights = randomRrdb(full, 2);
    const renamed = new Map([...weights].map(([key, weight]) => [rename(key), weight]));
    const network = await importBytes({ 'n.pth': writeTorchZip(renamed) });
    const unshuffle = shape.unshuffle ?? 1;
    expect(network.descriptor).toMatchObject({
      architecture: 'rrdb',
      scale: 2 ** full.doublings / unshuffle,
      alignPx: unshuffle,
      parameters: [...weights.values()].reduce((sum, { data }) => sum + data.length, 0),
    });
    expect(network.descriptor.decidedBy).toContain(rename('body.0.rdb1.conv1.weight'));
    await expectEqual(network, (picture) => evaluateRrdb(weights, picture));
  });
});

describe('variants of the wrapping', () => {
  it.each<NetworkVariant>([
    { bytesPerSample: 1, channels: 3 },
    { bytesPerSample: 1, channels: 1 },
    { bytesPerSample: 2, channels: 3 },
    { bytesPerSample: 2, channels: 1 },
    { bytesPerSample: 1, channels: 3, target: 'x64' },
    { bytesPerSample: 2, channels: 1, target: 'x64' },
    { bytesPerSample: 1, channels: 3, target: 'gpu' },
    { bytesPerSample: 2, channels: 1, target: 'gpu' },
  ])('$bytesPerSample byte(s), $channels channel(s), for $target', async (variant) => {
    const weights = randomCompact(16, 3, 4, 1);
    const network = await importBytes({ 'n.pth': writeTorchZip(weights) });
    await expectEqual(network, (picture) => evaluateCompact(weights, picture), variant);
  });
});

describe('ncnn networks', () => {
  it('reads Compact with float16 weights', async () => {
    const network = await importBytes(ncnn(writeNcnnCompact(COMPACT, 4, true)));
    expect(network.descriptor).toMatchObject({ architecture: 'compact', scale: 4, summary: '8 feat, 3 conv' });
    const halves = rounded(COMPACT, 'float16');
    const withPlainVectors = new Map(
      [...halves].map(([key, weight]) => [key, weight.shape.length > 1 ? weight : COMPACT.get(key)!]),
    );
    await expectEqual(network, (picture) => evaluateCompact(withPlainVectors, picture));
  });

  it.each([
    [2, '5.000000e-01'],
    [3, '7.500000e-01'],
  ])('reads a x4 Compact brought to x%d by a bicubic tail', async (scale, factor) => {
    const network = await importBytes(ncnn(writeNcnnCompact(COMPACT, 4, false, `0=3 1=${factor} 2=${factor}`)));
    expect(network.descriptor).toMatchObject({ architecture: 'compact', scale, receptiveFieldPx: 6 });
    await expectEqual(network, (picture) => bicubic(evaluateCompact(COMPACT, picture), scale / 4));
  });

  it('reads RRDB with fused activations and coefficients', async () => {
    const network = await importBytes(ncnn(writeNcnnRrdb(RRDB, false)));
    expect(network.descriptor).toMatchObject({ architecture: 'rrdb', scale: 4, summary: '10 feat, 2 blocks' });
    await expectEqual(network, (picture) => evaluateRrdb(RRDB, picture));
  });
});

function ncnn({ param, bin }: { param: string; bin: Buffer }): Readonly<Record<string, Uint8Array | string>> {
  return { 'n.bin': bin, 'n.param': param };
}

function officialKey(key: string): string {
  return key
    .replace(/^body\.(\d+)\.rdb/, 'RRDB_trunk.$1.RDB')
    .replace('conv_body', 'trunk_conv')
    .replace(/^conv_up/, 'upconv')
    .replace('conv_hr', 'HRconv');
}

/** Old ESRGAN numbers the layers of one sequence, activations and enlargements included. */
function oldKey(blocks: number, doublings: number): (key: string) => string {
  const afterTrunk = 2 + 3 * doublings;
  return (key) =>
    key
      .replace(/^body\.(\d+)\.rdb(\d)\.(conv\d)\.(weight|bias)$/, 'model.1.sub.$1.RDB$2.$3.0.$4')
      .replace(/^body\.(\d+)\.rdb(\d)\.conv1x1/, 'model.1.sub.$1.RDB$2.conv1x1')
      .replace('conv_first', 'model.0')
      .replace('conv_body', `model.1.sub.${blocks}`)
      .replace(/^conv_up(\d)/, (_, up: string) => `model.${3 * Number(up)}`)
      .replace('conv_hr', `model.${afterTrunk}`)
      .replace('conv_last', `model.${afterTrunk + 2}`);
}
