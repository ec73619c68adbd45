import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openSharedStore, type SharedStore } from '../../src/store/index.ts';
import { listPictures } from '../../src/store/s3/picture-set.ts';
import { temporaryFolder } from '../support/clips.ts';
import { BUCKET, TestS3 } from '../support/s3.ts';
import { FILM } from '../support/shared-film.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
let s3: TestS3;
let number = 0;
let address: string;
let store: SharedStore;

beforeAll(async () => {
  for (const name of ['frames', 'other']) mkdirSync(at(name), { recursive: true });
  for (let index = 1; index <= 12; index++) writeFileSync(at(`frames/${index}.png`), `picture ${index}`);
  writeFileSync(at('sound.WAV'), 'the sound');
  s3 = await TestS3.start(at('s3'));
  for (const [name, value] of Object.entries({ ...s3.env, UPREEL_CACHE: at('cache') })) vi.stubEnv(name, value);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await s3.kill();
});

beforeEach(async () => {
  address = `s3://${BUCKET}/tenant ${number++}`;
  store = await openSharedStore(address);
});

afterEach(() => store.close());

const own = () => address.slice(`s3://${BUCKET}/`.length);
const keys = () => s3.keys().flatMap((key) => (key.startsWith(`${own()}/`) ? [key.slice(own().length + 1)] : []));
const put = (way: string, content: string, told = {}) => s3.put(`${own()}/${way}`, content, told);
const objectAt = (way: string) => s3.fileOf(`${own()}/${way}`);
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const pictures = Array.from({ length: 12 }, (_, index) => at(`frames/${index + 1}.png`));

/** What a machine has of a set: its files, by name. */
function contentsAt(list: string): Record<string, string> {
  const names = readdirSync(dirname(list)).filter((name) => name !== basename(list));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(dirname(list), name), 'utf8')]));
}

const ALL = Object.fromEntries([
  ...pictures.map((_, index) => [`${index + 1}.png`, `picture ${index + 1}`] as const),
  ['sound.wav', 'the sound'] as const,
]);

describe('pictures of one film', () => {
  test('are sent once, and fetched as a whole by each machine', async () => {
    const { way, moved } = await store.addPictures('frames', [...pictures, pictures[3]!], at('sound.WAV'));
    expect(way).toMatch(/^\.upreel-fleet\/sources\/[0-9a-f]{64}\/set\.json$/);
    expect(moved.get(pictures[0]!)).toBe(`${dirname(way)}/1.png`);
    expect(moved.get(at('sound.WAV'))).toBe(`${dirname(way)}/sound.wav`);
    expect(keys()).toHaveLength(14);
    utimesSync(objectAt(`${dirname(way)}/1.png`), 1, 1);
    expect((await store.addPictures('frames', pictures, at('sound.WAV'))).way).toBe(way);
    expect(statSync(objectAt(`${dirname(way)}/1.png`)).mtimeMs).toBe(1000);
    const list = await store.fetch(way);
    expect(contentsAt(list)).toEqual(ALL);
    writeFileSync(objectAt(way), 'another');
    expect(await store.fetch(way)).toBe(list);
  });

  test('that others have put there stay where they are, with their times, and are no other ones later', async () => {
    for (let index = 1; index <= 12; index++) await put(`in/${index}.png`, `picture ${index}`, { mtime: `${index}.5` });
    await put('sounds/a.wav', 'the sound');
    const names = pictures.map((path) => `${address}/in/${basename(path)}`);
    const { paths, liesAt } = await store.picturesNamed(names);
    expect(liesAt).toBe('in');
    expect(paths.map((path) => [readFileSync(path, 'utf8'), statSync(path).mtimeMs])).toEqual(
      pictures.map((_, index) => [`picture ${index + 1}`, 1000 * (index + 1) + 500]),
    );
    const { path: sound } = await store.sourceNamed(`${address}/sounds/a.wav`);
    const before = keys();
    const { way } = await store.addPictures('in', paths, sound);
    expect(keys().filter((key) => !before.includes(key))).toEqual([way]);
    const list = await store.fetch(way, liesAt!);
    expect(contentsAt(list)).toEqual(ALL);
    rmSync(dirname(list), { recursive: true });
    await put('in/7.png', 'PICTURE 7');
    await expect(store.fetch(way, liesAt!)).rejects.toMatchObject({ code: 'input-damaged' });
    expect(existsSync(dirname(list))).toBe(false);
    // Shorter, it is no connection that breaks off.
    for (const other of ['pict', '', 'picture 7, and more']) {
      await put('in/7.png', other);
      await expect(store.fetch(way, liesAt!)).rejects.toMatchObject({ code: 'input-damaged' });
    }
    rmSync(objectAt('in/7.png'));
    await expect(store.fetch(way, liesAt!)).rejects.toMatchObject({ code: 'input-missing' });
  });

  test.each(['s3://elsewhere/1.png', '/../1.png', '/a/'])('of another store are refused: %j', async (name) => {
    const named = name.startsWith('s3:') ? name : `${address}${name}`;
    await expect(store.picturesNamed([named])).rejects.toMatchObject({ code: 'usage' });
    await expect(store.picturesNamed([pictures[0]!, named])).rejects.toMatchObject({ code: 'usage' });
  });

  test('of several folders are refused, and missing ones told', async () => {
    for (const way of ['a/1.png', 'b/2.png']) await put(way, 'picture');
    const names = (...ways: string[]) => ways.map((way) => `${address}/${way}`);
    await expect(store.picturesNamed(names('a/1.png', 'b/2.png'))).rejects.toThrow(/in several folders/);
    await expect(store.picturesNamed(names('a/1.png', 'a/2.png'))).rejects.toMatchObject({ code: 'input-missing' });
  });

  test('of more than is to be fetched for a look, or is ever kept, are not fetched', async () => {
    const { way } = await store.addPictures('frames', pictures, null);
    await expect(store.fetch(way, way, 100)).rejects.toThrow(/not fetched for a look/);
    vi.stubEnv('UPREEL_STORE_CACHE_GB', '0.0000001');
    const small = await openSharedStore(address);
    vi.stubEnv('UPREEL_STORE_CACHE_GB', undefined);
    await expect(small.fetch(way)).rejects.toThrow(/is to be fetched, and at most/);
    await small.close();
    expect(Object.keys(contentsAt(await store.fetch(way, way, 1000)))).toHaveLength(12);
  });

  const member = { name: '1.png', bytes: 9, sha256: hashOf('picture 1'), liesAt: null as string | null };
  test.each([
    ['a way up', [{ ...member, name: '../1.png' }]],
    ['a folder', [{ ...member, name: 'a/1.png' }]],
    ['the list itself', [{ ...member, name: 'set.json' }]],
    ['no name', [{ ...member, name: '..' }]],
    ['a name twice', [member, { ...member }]],
    ['a place above the store', [{ ...member, liesAt: '../1.png' }]],
    ['what upreel keeps of a film', [{ ...member, liesAt: '.upreel-fleet/films/x/film.json' }]],
    ['an absurd size', [{ ...member, bytes: 1e300 }]],
    ['less than nothing', [{ ...member, bytes: -1 }]],
    ['nothing', []],
  ])('are not fetched by a list that names %s', async (_, files) => {
    const text = JSON.stringify({ schema: 1, files });
    const way = `.upreel-fleet/sources/${hashOf(text)}/set.json`;
    await put(way, text);
    await put(`${dirname(way)}/1.png`, 'picture 1');
    await expect(store.fetch(way)).rejects.toMatchObject({ code: 'input-damaged' });
    expect(existsSync(join(store.root, dirname(way)))).toBe(false);
  });

  test('are not sent where their list is longer than machines read', () => {
    // A quotation mark takes two bytes there.
    const marks = '"'.repeat(200);
    const many = Array.from({ length: 85_000 }, (_, index) => {
      return { ...member, name: `${marks}${index}`, liesAt: `${marks}${marks}${marks}/${index}.png` };
    });
    expect(() => listPictures(many)).toThrow(/is longer than machines read/);
    expect(listPictures(many.slice(0, 1000)).files).toHaveLength(1000);
  });

  test('are not fetched by a list that is another one', async () => {
    const { way } = await store.addPictures('frames', pictures.slice(0, 2), null);
    const text = readFileSync(objectAt(way), 'utf8');
    writeFileSync(objectAt(way), text.replace('1.png', '3.png'));
    await expect(store.fetch(way)).rejects.toMatchObject({ code: 'input-damaged' });
  });
});

describe('a result of pictures in a bucket', () => {
  const OUTPUT = 'of 1998/frames/%06d.png';
  const how = { overwrite: false, changedMs: 1500, giveName: async () => {} };
  const film = { ...FILM, output: OUTPUT, id: 'a'.repeat(24) };

  /** An attempt with so many of its pictures. */
  async function attempt(count: number, { id = film.id, overwrite = false } = {}): Promise<void> {
    const result = store.resultOf({ ...film, id }, 'aa', 'told.json');
    await result.begin(overwrite);
    mkdirSync(dirname(result.output), { recursive: true });
    for (let index = 1; index <= count; index++) {
      writeFileSync(join(dirname(result.output), `00000${index}.png`), `picture ${index} of ${id}`);
    }
    writeFileSync(result.report!, 'the report');
    await result.publish({ frames: count, bytes: 10 * count }, { ...how, overwrite });
    await result.end();
  }
  const names = () => keys().filter((key) => !key.startsWith('.'));

  test('appears with its report, is gone on with by whoever takes over, and is nobody else’s', async () => {
    expect(await store.resultOf(film, 'aa', null).published()).toBeNull();
    await attempt(2);
    expect(await store.resultOf(film, 'bb', null).published()).toEqual({ frames: 2, bytes: 20 });
    const folder = dirname(OUTPUT);
    // As who died in the middle has left it, or who tidied up since.
    for (const gone of ['000001', '000002']) {
      rmSync(objectAt(`${folder}/${gone}.png`));
      expect(await store.resultOf(film, 'bb', null).published()).toBeNull();
      await attempt(2);
      expect(await store.resultOf(film, 'bb', null).published()).toEqual({ frames: 2, bytes: 20 });
    }
    await attempt(3);
    expect(names()).toEqual([1, 2, 3].map((n) => `${folder}/00000${n}.png`).concat('told.json'));
    expect((await s3.told(`${own()}/${folder}/000002.png`)).mtime).toBe('1.5');
    await expect(attempt(3, { id: 'b'.repeat(24) })).rejects.toMatchObject({ code: 'output-exists' });
    expect(readFileSync(objectAt(`${folder}/000001.png`), 'utf8')).toBe(`picture 1 of ${film.id}`);
  });

  test('is not put again where it lies already, and is not failed by what others put beside it', async () => {
    await attempt(2);
    const second = objectAt(`${dirname(OUTPUT)}/000002.png`);
    rmSync(objectAt(`${dirname(OUTPUT)}/000001.png`));
    utimesSync(second, 1, 1);
    const result = store.resultOf(film, 'bb', null);
    await result.begin(false);
    mkdirSync(dirname(result.output), { recursive: true });
    for (const index of [1, 2]) {
      writeFileSync(join(dirname(result.output), `00000${index}.png`), `picture ${index} of ${film.id}`);
    }
    await put(`${dirname(OUTPUT)}/thumb.jpg`, 'a thumbnail');
    await result.publish({ frames: 2, bytes: 20 }, how);
    expect(await result.published()).toEqual({ frames: 2, bytes: 20 });
    expect(statSync(second).mtimeMs).toBe(1000);
  });

  test('replaces pictures of such names where it may, all of them, and nothing else', async () => {
    await attempt(3);
    await attempt(2, { id: 'c'.repeat(24), overwrite: true });
    expect(names()).toEqual([1, 2].map((n) => `${dirname(OUTPUT)}/00000${n}.png`).concat('told.json'));
    await put(`${dirname(OUTPUT)}/notes.txt`, 'mine');
    const third = attempt(2, { id: 'd'.repeat(24), overwrite: true });
    await expect(third).rejects.toThrow(/is not empty: .*notes\.txt is in it/);
  });

  test('has a name that is free, and a folder of its own', async () => {
    expect(await store.wayOfResult('/x/frames/%06d.png', false)).toBe('frames/%06d.png');
    expect(await store.wayOfResult('up/frames/%06d.png', false)).toBe('up/frames/%06d.png');
    // As consoles make a folder.
    await put('up/frames/', '');
    expect(await store.wayOfResult('up/frames/%06d.png', false)).toBe('up/frames/%06d.png');
    await expect(store.wayOfResult('%06d.png', false)).rejects.toThrow(/need a folder of their own/);
    await put('frames/000001.png', 'mine');
    await expect(store.wayOfResult('/x/frames/%06d.png', false)).rejects.toMatchObject({ code: 'output-exists' });
    expect(await store.wayOfResult('/x/frames/%06d.png', true)).toBe('frames/%06d.png');
    await put('frames/notes.txt', 'mine');
    await expect(store.wayOfResult('/x/frames/%06d.png', true)).rejects.toMatchObject({ code: 'output-exists' });
  });
});

test('what lies below is listed, without what upreel keeps and hidden names, and not without end', async () => {
  for (const way of ['a/1.mkv', 'a/b/2.mkv', 'ab.mkv', '.upreel-fleet/x/y.mkv', 'a/._1.mkv']) await put(way, 'x');
  expect(await store.waysBelow('')).toEqual(['a/1.mkv', 'a/b/2.mkv', 'ab.mkv']);
  expect(await store.waysBelow('a/')).toEqual(['a/1.mkv', 'a/b/2.mkv']);
  // As on a disk, a hidden folder that is named is looked into.
  for (const way of ['.in/1.mkv', '.in/.2.mkv', '.in/.b/3.mkv']) await put(way, 'x');
  expect(await store.waysBelow('.in/')).toEqual(['.in/1.mkv']);
  expect(await store.waysBelow('.upreel-fleet/')).toEqual([]);
  const asked = ['a/1.mkv', 'a/1', 'a', 'a/../ab.mkv', 'ab.mkv'];
  expect(await Promise.all(asked.map((way) => store.holds(way)))).toEqual([true, false, false, false, true]);
});
