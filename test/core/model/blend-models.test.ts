import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blendModels } from '../../../src/core/model/index.ts';
import { evaluateCompact, evaluateRrdb, type Weights } from '../../support/reference-evaluator.ts';
import { expectEqual, importBytes } from './run-network.ts';
import { NcnnWriter, writeNcnnCompact, writeNcnnRrdb } from './writers/ncnn-writer.ts';
import { randomCompact, randomRrdb } from './writers/random-networks.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';
import { writeTorchZip } from './writers/torch-writer.ts';

const SHAPE = { features: 6, growth: 4, blocks: 1, doublings: 1 };
const [A, B] = [randomCompact(6, 2, 2, 1), randomCompact(6, 2, 2, 2)];
const [RRDB_A, RRDB_B] = [randomRrdb(SHAPE, 1), randomRrdb(SHAPE, 2)];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upreel-blend-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function save(name: string, content: Uint8Array | string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function saveNcnn(stem: string, { param, bin }: { param: string; bin: Buffer }): string {
  save(`${stem}.param`, param);
  return save(`${stem}.bin`, bin);
}

/** What the definition says, written without a line of src. */
function mixed(a: Weights, b: Weights, alpha: number): Weights {
  return new Map(
    [...a].map(([key, weight]) => {
      const other = b.get(key)!.data;
      const data = weight.data.map((value, index) => value * (1 - alpha) + other[index]! * alpha);
      return [key, { shape: weight.shape, data }];
    }),
  );
}

async function blend(a: string, b: string, alpha: number, name = 'c.safetensors') {
  return blendModels(a, b, { alpha, output: join(folder, name) });
}

describe('blendModels', () => {
  it.each([0, 0.3, 1])('mixes two checkpoints with alpha %d', async (alpha) => {
    const a = save('a.pth', writeTorchZip(A));
    const { bytes } = await blend(a, save('b.safetensors', writeSafetensors(B)), alpha);
    await expectEqual(await importBytes({ 'c.safetensors': bytes }), (picture) =>
      evaluateCompact(mixed(A, B, alpha), picture),
    );
  });

  it('gives the names of their family to the weights of ncnn networks', async () => {
    const a = saveNcnn('a', writeNcnnRrdb(RRDB_A, false));
    const b = saveNcnn('b', writeNcnnRrdb(RRDB_B, false));
    const network = await importBytes({ 'c.safetensors': (await blend(a, b, 0.6)).bytes });
    expect(network.descriptor).toMatchObject({ architecture: 'rrdb', summary: '6 feat, 1 blocks' });
    await expectEqual(network, (picture) => evaluateRrdb(mixed(RRDB_A, RRDB_B, 0.6), picture));
  });

  it('mixes a checkpoint with an ncnn network', async () => {
    const a = save('a.pth', writeTorchZip(A));
    const b = saveNcnn('b', writeNcnnCompact(B, 2, false));
    const fromBoth = await blend(a, b, 0.25);
    const fromCheckpoints = await blend(a, save('b.pth', writeTorchZip(B)), 0.25);
    expect(fromBoth.descriptor.contentHash).toBe(fromCheckpoints.descriptor.contentHash);
  });

  it('mixes ncnn networks of no known family layer by layer, as .onnx only', async () => {
    const a = saveNcnn('a', chain(1));
    const b = saveNcnn('b', chain(0.5));
    expect((await blend(a, b, 0.5, 'c.onnx')).descriptor).toMatchObject({ architecture: 'graph', scale: 1 });
    await expect(blend(a, b, 0.5)).rejects.toMatchObject({
      code: 'model-unsupported',
      hint: expect.stringContaining('.onnx'),
    });
    const deeper = saveNcnn('deeper', chain(1, 2));
    await expect(blend(a, deeper, 0.5, 'c.onnx')).rejects.toMatchObject({
      message: expect.stringMatching(/the second has more layers|layer \d+ is/),
    });
  });

  it.each([
    ['another shape', randomCompact(6, 2, 3, 1), /body\.6\.weight is \[12, 6, 3, 3\] in the first and \[27, 6, 3, 3\]/],
    [
      'a missing layer',
      randomCompact(6, 1, 2, 1),
      /body\.4\.weight is \[6, 6, 3, 3\] in the first and \[12, 6, 3, 3\]/,
    ],
    ['another family', RRDB_B, /body\.0\.weight is \[6, 3, 3, 3\] in the first and missing in the second/],
  ])('names the first mismatch: %s', async (_, other, message) => {
    const files = [save('a.pth', writeTorchZip(A)), save('b.pth', writeTorchZip(other))] as const;
    await expect(blend(...files, 0.5)).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['an alpha above 1', 1.5, 'c.onnx', /alpha from 0 to 1/],
    ['an alpha that is no number', Number.NaN, 'c.onnx', /alpha from 0 to 1/],
    ['a name of another format', 0.5, 'c.pth', /named \.safetensors or \.onnx/],
  ])('refuses %s', async (_, alpha, name, message) => {
    const a = save('a.pth', writeTorchZip(A));
    await expect(blend(a, a, alpha, name)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    });
  });
});

/** One-by-one convolutions in a row. */
function chain(value: number, length = 1) {
  const writer = new NcnnWriter(false);
  const weight = { shape: [3, 3, 1, 1], data: new Float32Array(9).fill(value) };
  let name = 'data';
  for (let index = 0; index < length; index++) {
    name = writer.conv(name, weight, { shape: [3], data: new Float32Array(3) });
  }
  return writer.finish();
}
