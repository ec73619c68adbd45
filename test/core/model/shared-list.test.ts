import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeCached } from '../../../src/core/model/cache/cache-folder.ts';
import { findShared } from '../../../src/core/model/shared/find.ts';
import { directFile, pullShared, readSharedList, runsShared } from '../../../src/core/model/shared/index.ts';
import { temporaryFolder } from '../../support/clips.ts';
import { type Answer, type FileServer, startFileServer } from '../../support/file-server.ts';
import { randomCompact } from './writers/random-networks.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';

const folder = temporaryFolder();
const WEIGHTS = Buffer.from(writeSafetensors(randomCompact(8, 1, 2, 1)));
const signal = new AbortController().signal;
let answers: Record<string, Answer>;
let server: FileServer;
let tests = 0;

beforeEach(async () => {
  answers = {};
  server = await startFileServer(answers);
  vi.stubEnv('UPREEL_CACHE', join(folder, `${tests++}`));
  vi.stubEnv('UPREEL_MODEL_LIST', `${server.origin}/models.json`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

/** An entry as the list has them. */
function entry(changes: object = {}) {
  const resource = {
    platform: 'pytorch',
    type: 'safetensors',
    size: WEIGHTS.length,
    sha256: createHash('sha256').update(WEIGHTS).digest('hex'),
    urls: ['https://drive.example/file/1', `${server.origin}/w.safetensors`],
  };
  return {
    ...{
      name: 'Fine Leaves',
      author: 'ann',
      license: 'CC0-1.0',
      tags: ['photo'],
      description: 'x',
      date: '2026-03-04',
    },
    ...{ architecture: 'compact', size: null, scale: 2, inputChannels: 3, outputChannels: 3, resources: [resource] },
    ...{ trainingOTF: false, images: [], ...changes },
  };
}

function serve(list: unknown, weights = WEIGHTS): void {
  answers['/models.json'] = (response) => void response.end(typeof list === 'string' ? list : JSON.stringify(list));
  answers['/w.safetensors'] = (response) => void response.end(weights);
}

describe('the list that people share', () => {
  it('is read, what is not as it should be left out', async () => {
    serve({
      '2x-Leaves': entry(),
      '2x-Two': entry({ author: ['ann', 'bob'], license: null, resources: [{ type: 'pth' }] }),
      '../evil': entry(),
      broken: entry({ scale: 'two' }),
      none: null,
    });
    const { models, stale } = await readSharedList(signal);
    expect(models.map(({ id, authors, licence, files }) => [id, authors, licence, files.length])).toEqual([
      ['2x-Leaves', ['ann'], 'CC0-1.0', 1],
      ['2x-Two', ['ann', 'bob'], null, 0],
    ]);
    expect(stale).toBeNull();
  });

  it('is asked for once a day, and is there without a network', async () => {
    let asked = 0;
    serve({ '2x-Leaves': entry() });
    const answer = answers['/models.json']!;
    answers['/models.json'] = (response, request) => {
      asked++;
      return answer(response, request);
    };
    const { models } = await readSharedList(signal);
    expect(await readSharedList(signal)).toMatchObject({ models, stale: null });
    expect(asked).toBe(1);

    const name = `${encodeURIComponent(process.env.UPREEL_MODEL_LIST!).slice(0, 100)}.json`;
    const path = join(process.env.UPREEL_CACHE!, 'lists', name);
    const kept = JSON.parse(readFileSync(path, 'utf8')) as object;
    await writeCached(path, JSON.stringify({ ...kept, at: Date.now() - 25 * 3600 * 1000 }));
    answers['/models.json'] = (response) => void response.writeHead(503).end();
    expect(await readSharedList(signal)).toMatchObject({ models, stale: expect.stringContaining('status 503') });
    vi.stubEnv('UPREEL_MODELS', folder);
    expect(await readSharedList(signal)).toMatchObject({ models, stale: null });
  });

  it.each([
    ['no JSON', '<html>', /is no JSON/],
    ['no list', '[]', /no list of models/],
    ['more than anybody writes', ' '.repeat((32 << 20) + 1), /more than \d+ bytes/],
  ])('is refused where %s comes', async (_, body, message) => {
    serve(body);
    await expect(readSharedList(signal)).rejects.toMatchObject({
      ...{ code: 'model-download-failed', message: expect.stringMatching(message) },
    });
  });

  it('is not fetched by plain http from elsewhere', async () => {
    vi.stubEnv('UPREEL_MODEL_LIST', 'http://models.example/list.json');
    await expect(readSharedList(signal)).rejects.toThrow(/begins with https/);
  });
});

describe('a network of the list', () => {
  it('is found by words of its name, author, kind and tags, names and the newest first', async () => {
    serve({
      a: entry({ name: 'Old', tags: ['leaves'], date: '2020-01-01' }),
      b: entry({ name: 'Newer', tags: ['leaves'] }),
      c: entry({ name: 'Leaves', date: '2019-01-01' }),
      d: entry({ name: 'Other', architecture: 'sofvsr' }),
    });
    const { models } = await readSharedList(signal);
    const found = (...words: string[]) => findShared(models, words).map(({ id }) => id);
    expect(found('leaves')).toEqual(['c', 'b', 'a']);
    expect(found('ANN', '2x')).toEqual(['b', 'd', 'a', 'c']);
    expect(found('sofvsr')).toEqual(['d']);
    expect(found('leaves sofvsr')).toEqual([]);
    expect(models.map(({ architecture }) => runsShared(architecture))).toEqual([true, true, true, false]);
  });

  it('is fetched, checked and used by its id', async () => {
    serve({ '2x-Leaves': entry() });
    const { id, files } = await pullShared('2x-Leaves');
    expect(id).toBe('2x-Leaves');
    expect(readFileSync(files.path).equals(WEIGHTS)).toBe(true);
  });

  it('is refused where other bytes come', async () => {
    const other = Buffer.from(WEIGHTS);
    other[other.length - 1]! ^= 1;
    serve({ '2x-Leaves': entry() }, other);
    await expect(pullShared('2x-Leaves')).rejects.toMatchObject({ code: 'model-refused' });
  });

  it('that takes a browser is said to, with its page', async () => {
    serve({ '2x-Leaves': entry({ resources: [{ ...entry().resources[0], urls: ['https://drive.example/file/1'] }] }) });
    const { models } = await readSharedList(signal);
    expect(directFile(models[0]!)).toBeNull();
    await expect(pullShared('2x-Leaves')).rejects.toMatchObject({
      code: 'model-download-failed',
      hint: expect.stringContaining('https://openmodeldb.info/models/2x-Leaves'),
    });
  });

  it('that is not there is said so, with the nearest', async () => {
    serve({ '2x-Leaves': entry() });
    await expect(pullShared('2x-Leafes')).rejects.toMatchObject({
      code: 'model-missing',
      hint: expect.stringContaining('omdb:2x-Leaves'),
    });
  });
});
