import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { denoised } from '../../../src/core/model/blend/denoise.ts';
import {
  COLOUR_FIX_VERSION,
  DESCRIBER_VERSION,
  openKnownNetworks,
} from '../../../src/core/model/cache/known-networks.ts';
import { fileSha256 } from '../../../src/core/model/cache/store.ts';
import { readCatalogue } from '../../../src/core/model/catalogue.ts';
import { readCheckpoint } from '../../../src/core/model/checkpoint/read-checkpoint.ts';
import { describeNetwork } from '../../../src/core/model/import/import-network.ts';
import { recognise } from '../../../src/core/model/import/recognise.ts';
import { loadModel } from '../../../src/core/model/index.ts';
import { modelFacts } from '../../../src/core/model/model-facts.ts';
import { importNcnn } from '../../../src/core/model/ncnn/import-ncnn.ts';
import { COLOUR_SOURCES } from '../../../src/core/model/onnx/colour-fix.ts';
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

/** A name in capitals finds its other half in small letters. */
const NCNN_NAMES: Readonly<Record<string, readonly [string, string]>> = {
  'n.BIN': ['n.BIN', 'n.param'],
  'n.PARAM': ['n.bin', 'n.PARAM'],
};

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

  it.each(['n.bin', 'n.BIN', 'n.param', 'n.PARAM'])('is another with either file of ncnn changed: %s', async (name) => {
    const hashes = [];
    const [bin, param] = name === name.toLowerCase() ? ['n.bin', 'n.param'] : NCNN_NAMES[name]!;
    for (const [seed, tail] of [[1], [1, '0=3 1=5.000000e-01 2=5.000000e-01'], [2]] as const) {
      const files = writeNcnnCompact(randomCompact(4, 1, 4, seed), 4, true, tail);
      writeFileSync(join(root, bin), files.bin);
      writeFileSync(join(root, param), files.param);
      hashes.push((await loadModel(join(root, name))).descriptor.contentHash);
    }
    expect(new Set(hashes).size).toBe(3);
  });

  it('is refused where its file has become another meanwhile, rather than written under the old name', async () => {
    await loadModel(path);
    const model = await loadModel(path);
    writeFileSync(path, writeSafetensors(randomCompact(4, 1, 2, 2)));
    await expect(model.networkFile(RGB)).rejects.toMatchObject({ code: 'model-refused' });
    expect(existsSync(join(cacheFolder, 'onnx'))).toBe(false);
  });

  it('is not remembered where its file became another between its hash and its reading', async () => {
    const later = join(root, 'later.safetensors');
    writeFileSync(later, writeSafetensors(randomCompact(4, 1, 2, 2)));
    const hashed = await fileSha256(path);
    // The hash of a checked file, which another one has replaced since.
    const files = [{ path: later, sha256: hashed }];
    const memory = await openKnownNetworks(join(cacheFolder, 'probes'), files, {});
    await memory.keep((await loadModel(later)).descriptor);
    expect(await memory.find()).toBeNull();
  });

  it('is what its file says once what was remembered proves wrong', async () => {
    const { descriptor } = await loadModel(path);
    alter((known) => ({ ...known, contentHash: '0'.repeat(64) }));
    await expect((await loadModel(path)).networkFile(RGB)).rejects.toMatchObject({ code: 'model-refused' });
    const again = await loadModel(path);
    expect(again.descriptor).toEqual(descriptor);
    await again.networkFile(RGB);
  });

  it('is one with the usual colours, and one without a twin in denoising', async () => {
    await loadModel(path);
    await loadModel(path, { colour: 'network' });
    expect(remembered()).toHaveLength(1);
  });

  it('is refused a strength that it cannot be told, whatever its twin in the catalogue was loaded with', async () => {
    const { models, ...rest } = readCatalogue();
    const twinned = models.find(({ twin }) => twin !== undefined)!;
    const catalogue = { ...rest, models: [{ ...twinned, id: 'mine' }] };
    vi.stubEnv('UPREEL_MODELS', root);
    await loadModel('mine', { catalogue, denoise: 1 });
    await expect(loadModel(path, { catalogue, denoise: 1 })).rejects.toMatchObject({ code: 'usage' });
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

it('so are their hashes, with every choice of colours, and those of ncnn files and of blends', () => {
  const [weights, others] = [1, 2].map((seed) => wholeNumbers(randomCompact(4, 1, 4, seed)));
  const [built, twin] = [weights!, others!].map((each) => {
    const network = buildFromWeights(readCheckpoint(writeSafetensors(each)), 'compact');
    if (network.kind !== 'graph') throw new Error('expected a graph');
    return network;
  });
  const { bin, param } = writeNcnnCompact(weights!, 4, true);
  const graph = importNcnn(Buffer.from(param), Buffer.from(bin));
  const networks = [
    built!,
    denoised(built!, twin!, 0.5),
    { kind: 'graph', graph, recognition: recognise(graph) },
  ] as const;
  const described = networks.flatMap((network) =>
    COLOUR_SOURCES.map((colour) => describeNetwork(network, 'one', colour).descriptor),
  );
  const hash = createHash('sha256').update(JSON.stringify(described)).digest('hex').slice(0, 16);
  expect([DESCRIBER_VERSION, COLOUR_FIX_VERSION, hash]).toEqual([1, 1, '6f030f603a948b3f']);
});

/** The same on every platform, to the last bit. */
function wholeNumbers(weights: ReturnType<typeof randomCompact>): ReturnType<typeof randomCompact> {
  return new Map(
    [...weights].map(([name, { shape, data }]) => [name, { shape, data: data.map((v) => Math.round(64 * v)) }]),
  );
}

/** Tensors by their shape and a sum that knows places, to four digits: the last bits are the platform's. */
function inShort(_key: string, value: unknown): unknown {
  const data = isTensor(value) ? value.data : isIndexTensor(value) ? value.indices : null;
  if (data === null) return value;
  let sum = 0;
  for (let at = 0; at < data.length; at++) sum += data[at]! * (1 + (at % 97) / 97);
  return { shape: (value as { shape: readonly number[] }).shape, sum: sum.toPrecision(4) };
}
