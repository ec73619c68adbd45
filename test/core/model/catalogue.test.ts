import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_MODEL, parseCatalogue, readCatalogue } from '../../../src/core/model/catalogue.ts';
import { nearestIds } from '../../../src/core/nearest.ts';
import { fileFacts, modelOf, tinyCatalogue } from '../../support/tiny-catalogue.ts';

describe('the built-in catalogue', () => {
  const catalogue = readCatalogue();

  it('has the promised models and its default', () => {
    expect(catalogue.default).toBe('realesr-general-x4v3');
    expect(DEFAULT_MODEL).toBe(catalogue.default);
    expect(catalogue.models.map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        'realesr-general-x4v3',
        'realesr-general-wdn-x4v3',
        'realesrgan-x4plus',
        'realesrgan-x4plus-anime',
        'realesrgan-x2plus',
        'realesr-animevideov3-x2',
        'realesr-animevideov3-x3',
        'realesr-animevideov3-x4',
      ]),
    );
  });

  it('names every file after its model, so that names in the cache cannot clash', () => {
    const strays = catalogue.models.flatMap(({ id, sources }) =>
      sources.flatMap(({ files }) => files.map(({ name }) => name).filter((name) => !name.startsWith(`${id}.`))),
    );
    expect(strays).toEqual([]);
  });

  it('has every graph that it names', () => {
    const graphs = catalogue.models
      .flatMap(({ sources }) => sources)
      .flatMap((source) => (source.kind === 'npm' && source.graph !== undefined ? [source.graph] : []));
    expect(graphs).toHaveLength(4);
    expect(graphs.filter((graph) => !existsSync(join(catalogue.folder, graph)))).toEqual([]);
  });
});

describe('parseCatalogue', () => {
  const file = fileFacts('tiny.pth', new Uint8Array([1]));

  it.each([
    ['plain http to another machine', { url: 'http://example.org/tiny.pth' }],
    ['a file name with a folder', { url: 'https://example.org/x', name: '../tiny.pth' }],
    ['a hash that is none', { url: 'https://example.org/x', sha256: 'abc' }],
    ['a size over a gigabyte', { url: 'https://example.org/x', bytes: 2 ** 31 }],
    ['a source without weights', { url: 'https://example.org/x', name: 'tiny.param' }],
  ])('refuses %s', (_, change) => {
    expect(() => tinyCatalogue([{ kind: 'url', files: [{ ...file, ...change }] }])).toThrow(
      'Expected a model catalogue',
    );
  });

  it('refuses an id that comes twice', () => {
    const model = modelOf('tiny', [{ kind: 'url', files: [{ ...file, url: 'https://example.org/x' }] }]);
    expect(() => parseCatalogue({ version: 1, default: 'tiny', models: [model, model] }, '/')).toThrow('each id once');
  });
});

describe('nearestIds', () => {
  const ids = readCatalogue().models.map(({ id }) => id);

  it.each([
    ['realesr-genral-x4v3', 'realesr-general-x4v3'],
    ['RealESRGAN_x4plus', 'realesrgan-x4plus'],
    ['aniscale', '2x-AniScale'],
    ['realesrgan-x2', 'realesrgan-x2plus'],
  ])('finds for %s the model %s first', (wanted, nearest) => {
    expect(nearestIds(wanted, ids)[0]).toBe(nearest);
  });

  it('finds nothing for what looks like none of them', () => {
    expect(nearestIds('bicubic', ids)).toEqual([]);
  });
});
