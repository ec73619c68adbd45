import { describe, expect, it } from 'vitest';
import {
  asOpaque,
  evaluateCompact,
  evaluateEdsr,
  evaluateMsrResNet,
  evaluateRrdb,
  evaluateSpan,
  evaluateSrcnn,
  onLuma,
  type Planes,
  type Weights,
} from '../../support/reference-evaluator.ts';
import { expectEqual, importBytes, RGB8 } from './run-network.ts';
import {
  RandomLayers,
  randomCompact,
  randomEdsr,
  randomMsrResNet,
  randomRrdb,
  randomSpan,
  randomSrcnn,
} from './writers/random-networks.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';
import { writeTorchZip } from './writers/torch-writer.ts';

const SMALL = { features: 6, growth: 4, blocks: 1, doublings: 1 };

const renamed = (weights: Weights, rename: (key: string) => string): Weights =>
  new Map([...weights].map(([key, weight]) => [rename(key), weight]));

describe('SPAN', () => {
  it.each([
    ['with its mean', 4, true],
    ['without', 2, false],
  ])('%s, from the parts of its training form', async (_name, scale, normalised) => {
    const weights = randomSpan(6, scale, normalised, 5);
    const network = await importBytes({ 'n.safetensors': writeSafetensors(weights) });
    expect(network.descriptor).toMatchObject({ architecture: 'span', scale, receptiveFieldPx: 21 });
    expect(network.descriptor.summary).toBe(normalised ? '6 feat' : '6 feat, no norm');
    await expectEqual(network, (picture) => evaluateSpan(weights, picture));
  });

  it('from its exported form', async () => {
    const parts = randomSpan(6, 4, true, 5);
    const weights = new Map([...parts].filter(([key]) => !/\.(sk|conv\.\d)\./.test(key)));
    const network = await importBytes({ 'n.pth': writeTorchZip(weights) });
    await expectEqual(network, (picture) => evaluateSpan(weights, picture));
  });
});

describe('MSRResNet', () => {
  it.each([
    [2, [2]],
    [3, [3]],
    [4, [2, 2]],
  ])('x%d', async (scale, factors) => {
    const weights = randomMsrResNet(8, 2, factors, 4);
    const network = await importBytes({ 'n.pth': writeTorchZip(weights, { wrapper: 'params' }) });
    expect(network.descriptor).toMatchObject({ architecture: 'msrresnet', scale, summary: '8 feat, 2 blocks' });
    await expectEqual(network, (picture) => evaluateMsrResNet(weights, picture));
  });

  it('under its older names', async () => {
    const weights = randomMsrResNet(8, 2, [2, 2], 4);
    const old = renamed(weights, (key) => key.replace(/^body/, 'recon_trunk').replace('conv_hr', 'HRconv'));
    const network = await importBytes({ 'n.pth': writeTorchZip(old) });
    await expectEqual(network, (picture) => evaluateMsrResNet(weights, picture));
  });
});

describe('EDSR', () => {
  it.each([
    [2, [2]],
    [3, [3]],
    [4, [2, 2]],
  ])('baseline x%d', async (scale, factors) => {
    const weights = randomEdsr(8, 2, factors, 4);
    const network = await importBytes({ 'n.pth': writeTorchZip(weights) });
    expect(network.descriptor).toMatchObject({
      architecture: 'edsr',
      scale,
      summary: '8 feat, 2 blocks, residuals x 1',
    });
    await expectEqual(network, (picture) => evaluateEdsr(weights, picture, 1));
  });

  it('of full width scales its residuals', async () => {
    const weights = randomEdsr(256, 1, [2], 4);
    const network = await importBytes({ 'n.pth': writeTorchZip(weights) });
    expect(network.descriptor.summary).toBe('256 feat, 1 blocks, residuals x 0.1');
    await expectEqual(network, (picture) => evaluateEdsr(weights, picture, 0.1), RGB8, { width: 5, height: 4 });
  });

  it("under its authors' names, with the mean as a convolution", async () => {
    const weights = randomEdsr(8, 2, [2, 2], 4);
    const authors = new Map([
      ...renamed(weights, authorsKey),
      ...meanShift('sub_mean', -1),
      ...meanShift('add_mean', 1),
    ]);
    const network = await importBytes({ 'n.pth': writeTorchZip(authors) });
    expect(network.descriptor.architecture).toBe('edsr');
    await expectEqual(network, (picture) => evaluateEdsr(weights, picture, 1));
  });
});

describe('networks of luma and of RGB with opacity', () => {
  it.each<[string, Weights, number, (picture: Planes) => Planes]>([
    ['Compact', randomCompact(8, 2, 3, 1, 1), 3, (picture) => evaluateCompact(randomCompact(8, 2, 3, 1, 1), picture)],
    [
      'ESRGAN',
      randomRrdb({ ...SMALL, colours: 1 }, 5),
      2,
      (it) => evaluateRrdb(randomRrdb({ ...SMALL, colours: 1 }, 5), it),
    ],
    [
      'ESRGAN with pixel-unshuffle',
      randomRrdb({ ...SMALL, colours: 1, unshuffle: 2 }, 2),
      1,
      (it) => evaluateRrdb(randomRrdb({ ...SMALL, colours: 1, unshuffle: 2 }, 2), it),
    ],
  ])('%s on luma, for colour and for gray', async (_name, weights, scale, evaluate) => {
    const network = await importBytes({ 'n.pth': writeTorchZip(weights) });
    expect(network.descriptor).toMatchObject({ scale });
    for (const channels of [1, 3] as const) {
      await expectEqual(network, (it) => onLuma(it, scale, evaluate), { bytesPerSample: 1, channels });
    }
  });

  it.each<[string, Weights, number, (picture: Planes) => Planes]>([
    ['Compact', randomCompact(8, 2, 2, 1, 4), 2, (picture) => evaluateCompact(randomCompact(8, 2, 2, 1, 4), picture)],
    [
      'ESRGAN',
      randomRrdb({ ...SMALL, colours: 4 }, 2),
      2,
      (it) => evaluateRrdb(randomRrdb({ ...SMALL, colours: 4 }, 2), it),
    ],
  ])('%s with opacity, which is taken for full', async (_name, weights, scale, evaluate) => {
    const network = await importBytes({ 'n.pth': writeTorchZip(weights) });
    expect(network.descriptor).toMatchObject({ scale });
    await expectEqual(network, (picture) => asOpaque(picture, evaluate));
  });

  it('a radius is never less than that of the colours', async () => {
    const layers = new RandomLayers(1);
    layers.conv('body.0', 4, 1, 1);
    layers.vector('body.1.weight', 4, 0.25, 0.2);
    layers.conv('body.2', 9, 4, 1);
    const network = await importBytes({ 'n.pth': writeTorchZip(layers.weights) });
    expect(network.descriptor).toMatchObject({ receptiveFieldPx: 2, windowExact: false });
  });
});

describe('SRCNN', () => {
  it.each<[string, 1 | 3, number]>([
    ['srcnn_x3.pth', 1, 3],
    ['srcnn-rgb-x2.pth', 3, 2],
  ])('%s', async (name, channels, scale) => {
    const weights = randomSrcnn(8, channels, 6);
    const network = await importBytes({ [name]: writeTorchZip(weights) });
    expect(network.descriptor).toMatchObject({ architecture: 'srcnn', scale });
    await expectEqual(network, (picture) => evaluateSrcnn(weights, picture, scale));
  });

  it('asks for the scale that the file does not hold', async () => {
    const imported = importBytes({ 'srcnn.pth': writeTorchZip(randomSrcnn(8, 1, 6)) });
    await expect(imported).rejects.toMatchObject({
      code: 'model-unsupported',
      hint: expect.stringContaining('srcnn_x3'),
    });
  });
});

function authorsKey(key: string): string {
  return key
    .replace('conv_first', 'head.0')
    .replace(/^body\.(\d+)\.conv1/, 'body.$1.body.0')
    .replace(/^body\.(\d+)\.conv2/, 'body.$1.body.2')
    .replace('conv_after_body', 'body.2')
    .replace(/^upsample/, 'tail.0')
    .replace('conv_last', 'tail.1');
}

function meanShift(name: string, sign: number): Weights {
  const layers = new RandomLayers(1);
  layers.conv(name, 3, 3, 1);
  layers.weights.set(`${name}.weight`, { shape: [3, 3, 1, 1], data: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) });
  const mean = Float32Array.of(0.4488, 0.4371, 0.404).map((value) => sign * 255 * value);
  layers.weights.set(`${name}.bias`, { shape: [3], data: mean });
  return layers.weights;
}
