import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readForeignModel } from '../../../../src/core/model/onnx/read-foreign.ts';
import { readSidecar } from '../../../../src/core/model/onnx/sidecar.ts';
import { ForeignOnnx } from '../writers/onnx-writer.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upreel-sidecar-'));
  path = join(folder, 'n.onnx');
  await writeFile(join(folder, 'four.bin'), Buffer.alloc(4));
});
afterEach(() => rm(folder, { recursive: true }));

type Port = [dimensions: readonly (number | string)[], type: number];

/** A network with one input beside the picture, read with what the sidecar says. */
async function readWith(sidecar: unknown, [dimensions, type]: Port = [[1], 1]) {
  await writeFile(`${path}.json`, typeof sidecar === 'string' ? sidecar : JSON.stringify(sidecar));
  const onnx = new ForeignOnnx();
  onnx.port('extra', dimensions, type);
  return readForeignModel(onnx.finish(onnx.node('Neg', ['input'])), (await readSidecar(path)) ?? undefined);
}

describe('a sidecar gives an input its values', () => {
  it.each<[string, unknown, Port, number[], string]>([
    ['a number', [999], [[1], 7], [1], 'e703000000000000'],
    ['a scalar', [0.5], [[], 1], [], '0000003f'],
    ['halves', [1, -2], [[2], 10], [2], '003c00c0'],
    ['truth', [1, 0], [[2], 9], [2], '0100'],
    ['a free dimension', [1, 2, 3], [['n', 3], 2], [1, 3], '010203'],
    ['a shape', { values: [1, 2], shape: [2, 1] }, [['a', 'b'], 6], [2, 1], '0100000002000000'],
    ['a file', { file: 'four.bin', shape: [1], type: 'float32' }, [[1], 1], [1], '00000000'],
  ])('%s', async (_, extra, port, shape, hex) => {
    const { constants, input } = await readWith({ inputs: { extra } }, shape.length === 0 ? [[], port[1]] : port);
    expect(input.name).toBe('input');
    const tensor = constants.get('extra')!;
    expect([tensor.shape.length === 0 ? [] : [...tensor.shape], tensor.type]).toEqual([
      shape.length === 0 ? tensor.shape : shape,
      port[1],
    ]);
    expect(Buffer.from(tensor.encoded).toString('hex')).toContain(hex);
  });

  it('there need be none', async () => {
    expect(await readSidecar(path)).toBeNull();
  });
});

describe('a sidecar is refused', () => {
  const extra = (value: unknown) => ({ inputs: { extra: value } });
  it.each<[string, unknown, RegExp, Port?]>([
    ['no JSON', '{"inputs":', /n\.onnx\.json beside it is no JSON/],
    ['a list', [], /not as it should be/],
    ['an unknown key', { enlarge: 4 }, /not as it should be: .*enlarge/],
    ['too much enlargement', { enlargeFirst: 17 }, /"enlargeFirst"/],
    ['a range of its own', { range: '0..2' }, /"range"/],
    ['an input that the network has not', { inputs: { other: [1] } }, /speaks of an input "other"; the network has/],
    ['a picture that the network has not', { ...extra([1]), picture: 'image' }, /speaks of an input "image"/],
    ['text for numbers', extra(['1']), /"inputs\.extra"/],
    ['more numbers than are written by hand', extra(new Array(5000).fill(0)), /"inputs\.extra"/],
    ['too many values', extra([1, 2]), /takes \[1\], and the file beside it gives 2 values/],
    ['a shape that the input has not', extra({ values: [1], shape: [1, 1] }), /takes \[1\].*as \[1, 1\]/],
    ['a fraction for a whole number', extra([0.5]), /takes int64, which cannot be 0\.5/, [[1], 7]],
    ['a number out of range', extra([256]), /takes uint8, which cannot be 256/, [[1], 2]],
    ['text as an input', extra([1]), /elements of type 8/, [[1], 8]],
    [
      'a file of another size',
      extra({ file: 'four.bin', shape: [2], type: 'float32' }),
      /4 bytes, where \[2\] of float32 have 8/,
    ],
    [
      'a file of another type',
      extra({ file: 'four.bin', shape: [1], type: 'int32' }),
      /takes float32, and .* gives int32/,
    ],
    [
      'a file elsewhere',
      extra({ file: '../four.bin', shape: [1], type: 'float32' }),
      /only reads those in the same folder/,
    ],
    ['a link', extra({ file: 'link', shape: [1], type: 'float32' }), /is a link/],
    ['a file larger than memory', '{"range": "0..1"}'.padEnd(2 << 20), /the limit is/],
  ])('%s', async (_, sidecar, message, port) => {
    await symlink('/etc/passwd', join(folder, 'link'));
    await expect(readWith(sidecar, port)).rejects.toMatchObject({
      code: 'model-refused',
      message: expect.stringMatching(message),
    });
  });

  it('a file that is not there, by its name', async () => {
    const missing = { inputs: { extra: { file: 'none.bin', shape: [1], type: 'float32' } } };
    await expect(readWith(missing)).rejects.toMatchObject({
      code: 'model-missing',
      message: expect.stringContaining('none.bin'),
    });
  });

  it('none is needed to be told that one is', async () => {
    await expect(readWith({})).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringContaining('2 inputs (input, extra)'),
      hint: expect.stringContaining('NETWORK.onnx.json'),
    });
  });
});
