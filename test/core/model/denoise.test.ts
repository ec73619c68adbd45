import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { parseCatalogue, readCatalogue } from '../../../src/core/model/catalogue.ts';
import { readCheckpoint } from '../../../src/core/model/checkpoint/read-checkpoint.ts';
import { blendModels, loadModel } from '../../../src/core/model/index.ts';
import { fileFacts, modelOf } from '../../support/tiny-catalogue.ts';
import { coreOfBuilt, runBare } from './pytorch-facts.ts';
import { writeNcnnCompact } from './writers/ncnn-writer.ts';
import type { RandomAttention } from './writers/random-attention.ts';
import { randomCompact } from './writers/random-networks.ts';
import { randomDncnn, randomDrunet } from './writers/random-restorers.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';
import { writeTorchZip } from './writers/torch-writer.ts';

const GENERAL = randomCompact(4, 1, 4, 1);
const NOISY = randomCompact(4, 1, 4, 2);

const SOURCES = [{ kind: 'url', files: [{ ...fileFacts('x.pth', Buffer.of(0)), url: 'https://example.org/x.pth' }] }];
const CATALOGUE = parseCatalogue(
  {
    version: 1,
    default: 'general',
    models: [{ ...modelOf('general', SOURCES), twin: 'noisy' }, modelOf('noisy', SOURCES)],
  },
  '/',
);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upreel-denoise-'));
  writeFileSync(join(folder, 'general.pth'), writeTorchZip(GENERAL));
  const noisy = writeNcnnCompact(NOISY, 4, false);
  writeFileSync(join(folder, 'noisy.param'), noisy.param);
  writeFileSync(join(folder, 'noisy.bin'), noisy.bin);
  vi.stubEnv('UPREEL_MODELS', folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function describeWith(denoise?: number) {
  const setting = denoise === undefined ? {} : { denoise };
  return (await loadModel('general', { ...setting, catalogue: CATALOGUE, cacheFolder: folder })).descriptor;
}

describe('a denoiser that is told how strong noise is', () => {
  const DRUNET = randomDrunet({ features: [4, 4, 4, 8], blocks: 1 }, 1);
  const FDNCNN = randomDncnn({ features: 4, convolutions: 4, strength: true }, 1);

  /** The same network, told by its weights: those of the noise count for more. */
  function louder({ weights }: RandomAttention, key: string, factor: number): RandomAttention['weights'] {
    const { shape, data } = weights.get(key)!;
    const perChannel = shape[2]! * shape[3]!;
    const ofNoise = (index: number) => Math.floor(index / perChannel) % shape[1]! === shape[1]! - 1;
    const scaled = data.map((value, index) => (ofNoise(index) ? value * factor : value));
    return new Map(weights).set(key, { shape, data: scaled });
  }

  async function run(weights: RandomAttention['weights'], denoise?: number): Promise<Float32Array> {
    const network = buildFromWeights(readCheckpoint(writeSafetensors(weights)), 'n', denoise);
    return (await runBare(coreOfBuilt(network), [1, 3, 9, 11])).data as Float32Array;
  }

  it.each([
    ['DRUNet', DRUNET, 'm_head.weight', 50],
    ['FDnCNN', FDNCNN, 'model.0.weight', 75],
  ] as const)('%s takes the strength as a share of the strongest that it knows', async (_, network, key, strongest) => {
    for (const denoise of [0, 0.4, 1]) {
      const [made, expected] = [
        await run(network.weights, denoise),
        await run(louder(network, key, (denoise * strongest) / 15)),
      ];
      expect(made.some((value, index) => Math.abs(value - expected[index]!) > 1e-5)).toBe(false);
    }
    expect(await run(network.weights, 15 / strongest)).toEqual(await run(network.weights));
  });

  it('is told by its file, and each strength is a network of its own', async () => {
    const path = join(folder, 'drunet.safetensors');
    writeFileSync(path, writeSafetensors(DRUNET.weights));
    const load = async (denoise: number) => (await loadModel(path, { denoise, cacheFolder: folder })).descriptor;
    const [weak, strong] = [await load(0.1), await load(1)];
    expect([weak.summary, strong.summary]).toEqual([
      expect.stringContaining('noise 5'),
      expect.stringContaining('noise 50'),
    ]);
    expect(weak.contentHash).not.toBe(strong.contentHash);
  });

  it('is not any other network', async () => {
    const plain = randomDncnn({ features: 4, convolutions: 4 }, 1);
    writeFileSync(join(folder, 'dncnn.safetensors'), writeSafetensors(plain.weights));
    for (const file of ['dncnn.safetensors', 'general.pth', 'noisy.bin', 'noisy.param']) {
      const loaded = loadModel(join(folder, file), { denoise: 0.5, cacheFolder: folder });
      await expect(loaded, file).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('DRUNet') });
    }
  });
});

describe('loadModel with a denoise strength', () => {
  it('is strength * model + (1 - strength) * twin', async () => {
    const [a, b] = [join(folder, 'noisy.bin'), join(folder, 'general.pth')];
    const blended = await blendModels(a, b, { alpha: 0.3, output: 'c.onnx' });
    const descriptor = await describeWith(0.3);
    expect(descriptor).toMatchObject({ id: 'general', scale: 4, summary: '4 feat, 1 conv, denoise 0.3' });
    expect(descriptor.contentHash).toBe(blended.descriptor.contentHash);
  });

  it('is the model alone at 1, which needs no twin, and the twin at 0', async () => {
    const twin = await loadModel('noisy', { catalogue: CATALOGUE, cacheFolder: folder });
    expect((await describeWith(0)).contentHash).toBe(twin.descriptor.contentHash);
    rmSync(join(folder, 'noisy.bin'));
    expect(await describeWith(1)).toEqual(await describeWith());
    await expect(describeWith(0.5)).rejects.toMatchObject({ code: 'model-missing' });
  });

  it('makes each strength a network of its own', async () => {
    const hashes = await Promise.all([0, 0.3, 0.7, 1].map(async (it) => (await describeWith(it)).contentHash));
    expect(new Set(hashes).size).toBe(4);
  });

  it.each([-0.1, 1.1, Number.NaN])('refuses the strength %d', async (denoise) => {
    await expect(describeWith(denoise)).rejects.toMatchObject({ code: 'usage' });
  });

  it('says which models have one if asked for another', async () => {
    await expect(loadModel('noisy', { denoise: 0.5, catalogue: CATALOGUE, cacheFolder: folder })).rejects.toMatchObject(
      { code: 'usage', hint: expect.stringContaining('use general.') },
    );
  });

  it('has the twin of the default model in the catalogue', () => {
    const { models, default: id } = readCatalogue();
    expect(models.find((model) => model.id === id)?.twin).toBe('realesr-general-wdn-x4v3');
    const lost = { version: 1, default: 'a', models: [{ ...modelOf('a', SOURCES), twin: 'b' }] };
    expect(() => parseCatalogue(lost, '/')).toThrow(/twin/);
  });
});
