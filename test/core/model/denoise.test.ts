import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseCatalogue, readCatalogue } from '../../../src/core/model/catalogue.ts';
import { blendModels, loadModel } from '../../../src/core/model/index.ts';
import { fileFacts, modelOf } from '../../support/tiny-catalogue.ts';
import { writeNcnnCompact } from './writers/ncnn-writer.ts';
import { randomCompact } from './writers/random-networks.ts';
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
