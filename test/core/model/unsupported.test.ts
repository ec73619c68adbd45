import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importNetwork } from '../../../src/core/model/import/import-network.ts';
import type { Weights } from '../../support/reference-evaluator.ts';
import { importBytes } from './run-network.ts';
import { writeNcnnCompact } from './writers/ncnn-writer.ts';
import { RandomLayers, randomCompact, randomRrdb } from './writers/random-networks.ts';
import { writeTorchZip } from './writers/torch-writer.ts';

const RRDB = randomRrdb({ features: 4, growth: 2, blocks: 1, doublings: 2 }, 1);

/** A checkpoint of 3x3 convolutions with these names. */
function withKeys(...names: string[]): Weights {
  const layers = new RandomLayers(1);
  for (const name of names) layers.conv(name, 3, 3, 3, false);
  return layers.weights;
}

describe('a network that upreel does not run', () => {
  it.each<[string, Weights, RegExp]>([
    ['CodeFormer', withKeys('quantize.embedding'), /weights of CodeFormer /],
    ['ESRGAN with a part of its own', new Map([...RRDB, ...withKeys('mask')]), /looks like RRDB .*such as mask.weight/],
    [
      'something near ESRGAN',
      withKeys('conv_first', 'conv_body', 'conv_last'),
      /Nearest is RRDB \(ESRGAN\).*body.0.rdb1/,
    ],
    ['something unheard of', withKeys('banana'), /No network that upreel runs has these weights \(1: banana.weight/],
    ['ESRGAN on four channels', fourChannels(), /takes 4 channels and makes 3/],
  ])('%s is named', async (_name, weights, message) => {
    const imported = importBytes({ 'n.pth': writeTorchZip(weights) });
    await expect(imported).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(message),
    });
  });

  it('names from the file do not reach the terminal as commands', async () => {
    const imported = importBytes({ 'n.pth': writeTorchZip(withKeys('\x1b]0;title\x07\u202e')) });
    await expect(imported).rejects.toMatchObject({ message: expect.stringContaining('?]0;title??.weight') });
  });

  it('a missing layer is named', async () => {
    const weights = new Map(RRDB);
    weights.delete('body.0.rdb2.conv3.weight');
    await expect(importBytes({ 'n.pth': writeTorchZip(weights) })).rejects.toMatchObject({
      code: 'model-refused',
      message: expect.stringContaining('no body.0.rdb2.conv3.weight'),
    });
  });

  it('a network that makes one channel is named', async () => {
    const { param, bin } = writeNcnnCompact(randomCompact(4, 1, 2, 1), 2, true);
    // The network ends before its PixelShuffle: twelve channels at the input's size.
    const lines = param.split('\n').filter((line) => !/^(PixelShuffle|Interp|BinaryOp|Split)/.test(line));
    const cut = lines.join('\n').replace('7767517\n10 11', '7767517\n6 6').replace(/ b2 /, ' data ');
    await expect(importBytes({ 'n.bin': bin, 'n.param': cut })).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringContaining('makes 12 channels'),
    });
  });
});

describe('an output that is no whole number of times larger', () => {
  it.each([
    ['one and a half times', '0=3 1=1.500000e+00 2=1.500000e+00', /output is 1.5 times its input/],
    ['more than 16 times', '0=1 1=3.200000e+01 2=3.200000e+01', /enlarges 32 times/],
  ])('%s', async (_name, tail, message) => {
    const { param, bin } = writeNcnnCompact(randomCompact(4, 1, 1, 1), 1, true, tail);
    await expect(importBytes({ 'n.bin': bin, 'n.param': param })).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(message),
    });
  });

  it('one pixel smaller, because a convolution is padded on two sides only', async () => {
    const { param, bin } = writeNcnnCompact(randomCompact(4, 1, 1, 1), 1, true);
    const lines = param.split('\n').filter((line) => !/^(Split|PixelShuffle|Interp|BinaryOp)/.test(line));
    const cut = lines
      .join('\n')
      .replace('10 11', '6 6')
      .replace(' b2 ', ' data ')
      .replace('1=3 4=1', '1=3 4=0 15=1 16=1');
    await expect(importBytes({ 'n.bin': bin, 'n.param': cut })).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(/1 times its input and -1 pixels/),
    });
  });
});

describe('files that are no network', () => {
  it.each<[string, string, string | undefined, string, RegExp]>([
    ['missing', 'gone.pth', undefined, 'model-missing', /no such file/],
    ['empty', 'empty.pth', '', 'model-refused', /is empty/],
    ['text', 'text.pth', 'hello, this is not a network', 'model-refused', /neither a torch checkpoint/],
    ['a .bin without its .param', 'alone.bin', '\0\0\0\0\0\0\0\0', 'model-missing', /alone.param/],
    ['ONNX', 'net.onnx', '\b\b', 'model-refused', /not an ONNX file/],
  ])('%s', async (_name, file, content, code, message) => {
    const folder = await mkdtemp(join(tmpdir(), 'upreel-import-'));
    try {
      if (content !== undefined) await writeFile(join(folder, file), content);
      const imported = importNetwork({ path: join(folder, file) }, 'x');
      await expect(imported).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
      await expect(importNetwork({ path: folder }, 'x')).rejects.toMatchObject({ code: 'model-refused' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

function fourChannels(): Weights {
  const layers = new RandomLayers(1);
  layers.conv('conv_first', 4, 4);
  return new Map([...RRDB, ...layers.weights]);
}
