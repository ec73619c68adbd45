import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { DESCRIBER_VERSION } from '../../../src/core/model/cache/known-networks.ts';
import { readCheckpoint } from '../../../src/core/model/checkpoint/read-checkpoint.ts';
import { describeNetwork } from '../../../src/core/model/import/import-network.ts';
import { loadModel } from '../../../src/core/model/index.ts';
import { modelFacts } from '../../../src/core/model/model-facts.ts';
import { isIndexTensor, isTensor } from '../../../src/core/model/tensor.ts';
import { PAPER_NETWORKS } from './paper-facts.ts';
import { SMALL_NETWORKS } from './small-networks.ts';
import { writeNcnnCompact } from './writers/ncnn-writer.ts';
import { randomCompact, randomRrdb } from './writers/random-networks.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';

const RGB = { bytesPerSample: 1, channels: 3 } as const;
const GRAY = { bytesPerSample: 1, channels: 1 } as const;

let root: string;
let cacheFolder: string;
let path: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'upreel-known-'));
  cacheFolder = join(root, 'cache');
  path = join(root, 'mine.safetensors');
  writeFileSync(path, writeSafetensors(randomCompact(4, 1, 2, 1)));
  vi.stubEnv('UPREEL_CACHE', cacheFolder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** What the cache remembers of weight files. */
function remembered(): string[] {
  return readdirSync(join(cacheFolder, 'probes')).filter((name) => name.endsWith('-known.json'));
}

/** Leaves in the cache's memory what no reading of the file would give. */
function alter(change: (known: Record<string, unknown>) => unknown): void {
  for (const name of remembered()) {
    const file = join(cacheFolder, 'probes', name);
    writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)));
  }
}

describe('a network that was read before', () => {
  it('is what it was, without being read, and gives the same file', async () => {
    const first = await loadModel(path);
    const file = await first.networkFile(RGB);
    const bytes = readFileSync(file);
    alter((known) => ({ ...known, summary: 'from memory' }));
    const again = await loadModel(path);
    expect(again.descriptor).toEqual({ ...first.descriptor, summary: 'from memory' });
    expect(await again.networkFile(RGB)).toBe(file);
    expect(readFileSync(file)).toEqual(bytes);
  });

  it('is read again where the cache lacks what is asked, or holds it damaged', async () => {
    const file = await (await loadModel(path)).networkFile(RGB);
    const bytes = readFileSync(file);
    const again = await loadModel(path);
    const gray = await again.networkFile(GRAY);
    expect(gray).not.toBe(file);
    writeFileSync(file, bytes.subarray(1));
    await again.networkFile(RGB);
    expect(readFileSync(file)).toEqual(bytes);
  });

  it.each([
    ['no JSON', () => 'x'],
    ['another scale', (known: object) => ({ ...known, scale: 0 })],
    ['a hash that is none', (known: object) => ({ ...known, contentHash: '../../etc' })],
    ['a property too many', (known: object) => ({ ...known, id: 'other' })],
    ['a property too few', ({ seams: _, ...known }: Record<string, unknown>) => known],
  ])('is read again where its memory is damaged: %s', async (_, change) => {
    const first = await loadModel(path);
    alter(change);
    expect((await loadModel(path)).descriptor).toEqual(first.descriptor);
  });

  it('is another where the file, its name, the strength or the colours are', async () => {
    const hashes = new Set<string>();
    const load = async (file: string, options: Parameters<typeof loadModel>[1] = {}) =>
      hashes.add((await loadModel(file, options)).descriptor.contentHash);
    await load(path);
    await load(path, { colour: 'source' });
    await load(path, { colour: 'adain' });
    writeFileSync(path, writeSafetensors(randomCompact(4, 1, 2, 2)));
    await load(path);
    expect(hashes.size).toBe(4);
    expect(remembered()).toHaveLength(4);
    mkdirSync(join(root, 'other'));
    writeFileSync(join(root, 'other/2x.safetensors'), readFileSync(path));
    await load(join(root, 'other/2x.safetensors'));
    expect(hashes.size).toBe(4);
    expect(remembered()).toHaveLength(5);
  });

  it('is another with another .param beside the same .bin', async () => {
    const weights = randomCompact(4, 1, 4, 1);
    const hashes = [];
    for (const leak of [undefined, '0=3 1=5.000000e-01 2=5.000000e-01']) {
      const { bin, param } = writeNcnnCompact(weights, 4, true, leak);
      writeFileSync(join(root, 'n.bin'), bin);
      writeFileSync(join(root, 'n.param'), param);
      hashes.push((await loadModel(join(root, 'n.bin'))).descriptor.contentHash);
    }
    expect(new Set(hashes).size).toBe(2);
  });

  it('is refused where its file has become another meanwhile, rather than written under the old name', async () => {
    await loadModel(path);
    const model = await loadModel(path);
    writeFileSync(path, writeSafetensors(randomCompact(4, 1, 2, 2)));
    await expect(model.networkFile(RGB)).rejects.toMatchObject({ code: 'model-refused' });
    expect(existsSync(join(cacheFolder, 'onnx'))).toBe(false);
  });

  it('leaves nothing behind where someone only looks', async () => {
    const { descriptor } = await modelFacts(path, {});
    expect(descriptor).toMatchObject({ architecture: 'compact', scale: 2 });
    expect(readdirSync(root)).toEqual(['mine.safetensors']);
  });

  it('is refused again each time where it is refused', async () => {
    writeFileSync(path, writeSafetensors(new Map([...randomCompact(4, 1, 2, 1)].slice(1))));
    for (let turn = 0; turn < 2; turn++) await expect(loadModel(path)).rejects.toMatchObject({ code: /^model-/ });
    expect(readdirSync(root)).toEqual(['mine.safetensors']);
  });
});

it('what is remembered is of the version that describes networks now', () => {
  const networks = [
    ...SMALL_NETWORKS.map(([name, { weights, integers }]) => ({ name, weights, integers })),
    ...PAPER_NETWORKS.map(({ file, weights }) => ({ name: file, weights: new Map(weights), integers: undefined })),
    { name: 'compact', weights: randomCompact(4, 1, 4, 1), integers: undefined },
    { name: 'rrdb', weights: randomRrdb({ features: 4, growth: 2, blocks: 2, doublings: 2 }, 1), integers: undefined },
  ];
  const hash = createHash('sha256');
  for (const { name, weights, integers } of networks) {
    const built = buildFromWeights(readCheckpoint(writeSafetensors(weights, 'float32', integers)), name);
    const { contentHash: _, ...described } = describeNetwork(built, name).descriptor;
    const wiring = built.kind === 'graph' ? built.graph : built.program;
    hash.update(JSON.stringify([described, wiring], inShort));
  }
  // Networks are built or described otherwise: raise DESCRIBER_VERSION, or caches go on saying what was found before.
  expect([DESCRIBER_VERSION, hash.digest('hex').slice(0, 16)]).toEqual([1, '434bc20504773d64']);
});

/** Tensors by their shape and a sum that knows places, to four digits: the last bits are the platform's. */
function inShort(_key: string, value: unknown): unknown {
  const data = isTensor(value) ? value.data : isIndexTensor(value) ? value.indices : null;
  if (data === null) return value;
  let sum = 0;
  for (let at = 0; at < data.length; at++) sum += data[at]! * (1 + (at % 97) / 97);
  return { shape: (value as { shape: readonly number[] }).shape, sum: sum.toPrecision(4) };
}
