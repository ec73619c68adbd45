import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, type TensorProto } from 'onnx-buf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importNetwork } from '../../../../src/core/model/import/import-network.ts';
import { withExternalData } from '../../../../src/core/model/onnx/external-data.ts';
import { fromDist } from '../../../support/dist.ts';
import { evaluateCompact } from '../../../support/reference-evaluator.ts';
import { expectEqual } from '../run-network.ts';
import { encodeModel, writeOnnxCompact } from '../writers/onnx-writer.ts';
import { nearlyPlainCompact } from '../writers/random-networks.ts';

const WEIGHTS = nearlyPlainCompact(3);
const RANGE = { range: '0..1' } as const;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upreel-external-'));
});
afterEach(() => rm(folder, { recursive: true }));

type Models = typeof import('../../../../src/core/model/index.ts');
type Entries = Readonly<Record<string, string | number>>;

/**
 * Compact with each weight in a file beside it; `entriesOf` may say where in other words.
 * @returns the path of the .onnx
 */
async function writeExternal(
  fileOf: (index: number) => string = () => 'n.onnx.data',
  entriesOf: (index: number, entries: Entries) => Entries = (_, entries) => entries,
): Promise<string> {
  const onnx = writeOnnxCompact(WEIGHTS);
  const model = onnx.model(onnx.output);
  const contents = new Map<string, Uint8Array[]>();
  (model.graph!.initializer as TensorProto[])
    .filter(({ rawData }) => rawData.length > 0)
    .forEach((tensor, index) => {
      const pieces = contents.get(fileOf(index)) ?? [];
      const offset = pieces.reduce((sum, { length }) => sum + length, 0);
      contents.set(fileOf(index), [...pieces, tensor.rawData]);
      const entries = entriesOf(index, { location: fileOf(index), offset, length: tensor.rawData.length });
      tensor.externalData = Object.entries(entries).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value: `${value}` }),
      );
      tensor.dataLocation = 1;
      tensor.rawData = new Uint8Array();
    });
  for (const [name, pieces] of contents) await writeFile(join(folder, name), Buffer.concat(pieces));
  const path = join(folder, 'n.onnx');
  await writeFile(path, encodeModel(model));
  return path;
}

const change = (key: string, value: string | number | undefined) => (index: number, entries: Entries) => {
  const { [key]: _, ...others } = entries;
  return index === 0 ? { ...others, ...(value !== undefined && { [key]: value }) } : entries;
};

describe('weights in other files', () => {
  it.each<[string, (index: number) => string, (index: number, entries: Entries) => Entries]>([
    ['in one file', () => 'weights.bin', (_, entries) => entries],
    ['in a file each, to its end', (index) => `body.${index}.weight`, (_, { location }) => ({ location: location! })],
    ['with a checksum, which nobody checks', () => 'n.data', (_, entries) => ({ ...entries, checksum: 'abc' })],
  ])('%s are read', async (_, fileOf, entriesOf) => {
    const network = await importNetwork({ path: await writeExternal(fileOf, entriesOf) }, 'n', RANGE);
    await expectEqual(network, (picture) => evaluateCompact(WEIGHTS, picture));
  });

  it('belong to the network: with others it is another', async () => {
    const path = await writeExternal();
    const before = await importNetwork({ path }, 'n', RANGE);
    const data = join(folder, 'n.onnx.data');
    const bytes = await readFile(data);
    bytes[1] = bytes[1]! ^ 1;
    await writeFile(data, bytes);
    const after = await importNetwork({ path }, 'n', RANGE);
    expect(after.descriptor.contentHash).not.toBe(before.descriptor.contentHash);
  });

  it('come along when it is imported', async () => {
    const path = await writeExternal();
    const cacheFolder = join(folder, 'cache');
    // Its range is found by trying, in a process that only the build can start.
    const { importModel, loadModel, networkFiles } = await fromDist<Models>('core/model/index.js');
    expect(await networkFiles({ path })).toEqual([path, `${path}.data`]);
    const { contentHash } = await importModel(path, { cacheFolder, id: 'mine' });
    await rm(`${path}.data`);
    const { descriptor } = await loadModel('mine', { cacheFolder });
    expect(descriptor.contentHash).toBe(contentHash);
  });

  it('leave a file that has none as it is', async () => {
    const onnx = writeOnnxCompact(WEIGHTS);
    const bytes = onnx.finish(onnx.output);
    expect(await withExternalData(bytes, join(folder, 'n.onnx'))).toBe(bytes);
  });
});

describe('weights in other files are refused', () => {
  it.each<[string, string, RegExp]>([
    ['an absolute path', '/etc/passwd', /only reads those in the same folder/],
    ['a way up', '../secret', /only reads those in the same folder/],
    ['a way down', 'sub/weights', /only reads those in the same folder/],
    ['a way with backslashes', '..\\secret', /only reads those in the same folder/],
    ['a drive', 'C:secret', /only reads those in the same folder/],
    ['the folder itself', '.', /only reads those in the same folder/],
    ['no name', '', /only reads those in the same folder/],
    ['a name cut off by a zero', 'n.onnx.data\0', /only reads those in the same folder/],
    ['a folder', 'sub', /not a file|cannot be read/],
    ['a link', 'link', /is a link/],
  ])('%s', async (_, location, message) => {
    await mkdir(join(folder, 'sub'));
    await symlink('/etc/passwd', join(folder, 'link'));
    const path = await writeExternal(undefined, change('location', location));
    await expect(importNetwork({ path }, 'n', RANGE)).rejects.toMatchObject({
      code: 'model-refused',
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, string, string | number | undefined, RegExp]>([
    ['behind the end', 'offset', 1_000_000, /in the bytes 1000000 to 1000\d+ of n\.onnx\.data, which has/],
    ['over the end', 'length', 1_000_000, /which has \d+/],
    ['before the beginning', 'offset', '-4', /has the offset "-4"/],
    ['of no number', 'length', '1e3', /has the length "1e3"/],
    ['of another length than the weight', 'length', 8, /8 bytes for \d+ elements/],
    ['in no file', 'location', undefined, /not in which/],
  ])('those %s', async (_, key, value, message) => {
    const path = await writeExternal(undefined, change(key, value));
    await expect(importNetwork({ path }, 'n', RANGE)).rejects.toMatchObject({
      code: 'model-refused',
      message: expect.stringMatching(message),
    });
  });

  it('more than a model may have altogether, before any is read', async () => {
    const path = await writeExternal(undefined, (_, entries) => ({ ...entries, offset: 0, length: 4e8 }));
    await truncate(join(folder, 'n.onnx.data'), 5e8);
    await expect(importNetwork({ path }, 'n', RANGE)).rejects.toThrow(/more than \d+ bytes with its external data/);
  });

  it('a file that is not there, by its name', async () => {
    const path = await writeExternal();
    await rm(join(folder, 'n.onnx.data'));
    await expect(importNetwork({ path }, 'n', RANGE)).rejects.toMatchObject({
      code: 'model-missing',
      message: expect.stringContaining('n.onnx.data, which is not there'),
    });
  });
});
