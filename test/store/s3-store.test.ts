import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openSharedStore, type SharedFilm, type SharedStore } from '../../src/store/index.ts';
import { temporaryFolder } from '../support/clips.ts';
import { BUCKET, TestS3 } from '../support/s3.ts';
import { FILM as ANY_FILM, madeSegment as made } from '../support/shared-film.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
let s3: TestS3;
let number = 0;
let address: string;
let store: SharedStore;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  s3 = await TestS3.start(at('s3'));
  for (const [name, value] of Object.entries({ ...s3.env, UPREEL_CACHE: at('cache') })) vi.stubEnv(name, value);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await s3.kill();
});

beforeEach(async () => {
  address = `s3://${BUCKET}/a b+c/tenant ${number++}`;
  store = await openSharedStore(address);
});

afterEach(() => store.close());

const FILM = { ...ANY_FILM, input: `.upreel-fleet/sources/${'a'.repeat(64)}/source.mkv` };

/** Keys of this test's store. */
const keys = () => {
  const prefix = address.slice(`s3://${BUCKET}/`.length);
  return s3.keys().flatMap((key) => (key.startsWith(`${prefix}/`) ? [key.slice(prefix.length + 1)] : []));
};
const objectAt = (way: string) => s3.fileOf(`${address.slice(`s3://${BUCKET}/`.length)}/${way}`);
const segmentKeys = (film: SharedFilm) => keys().flatMap((key) => key.split(`films/${film.id}/segments/`)[1] ?? []);

async function attempt(film: SharedFilm, index: number, token: string, content: string, place = store) {
  const segments = place.segmentsOf(film);
  const part = await segments.part(index, token, '.mkv');
  writeFileSync(part, content);
  return segments.commit(part, token, made(index));
}

const added = async () => store.readFilm(await store.addFilm(FILM));

describe('a film in a bucket', () => {
  test('has a name that follows from it, is the same film when it comes again, and goes as a whole', async () => {
    const id = await store.addFilm(FILM);
    expect(await store.addFilm(FILM)).toBe(id);
    expect(await store.addFilm({ ...FILM, output: 'other.mkv' })).not.toBe(id);
    const film = await store.readFilm(id);
    expect(film).toEqual({ ...FILM, id, times: Buffer.alloc(16) });
    await attempt(film, 0, 'aa', 'whole');
    await store.removeFilm(id);
    expect(keys().filter((key) => key.includes(id))).toEqual([]);
    // Its plan is still kept here.
    await expect(store.readFilm(id)).rejects.toThrow(/is not in the store/);
  });

  test.each(['film.json', 'plan.json', 'times.bin'])('is refused once %s is another one', async (name) => {
    const id = await store.addFilm(FILM);
    writeFileSync(objectAt(`.upreel-fleet/films/${id}/${name}`), 'x');
    await expect(store.readFilm(id)).rejects.toThrow(/is damaged, or another version submitted it/);
  });

  test.each(['', '..', '../..', 'f'.repeat(23), 'F'.repeat(24), `${'a'.repeat(24)}/x`])(
    'has no name like %j',
    async (id) => {
      await expect(store.readFilm(id)).rejects.toMatchObject({ code: 'usage' });
    },
  );
});

describe('of several that make one segment in a bucket', () => {
  test('the first by name stays for all, whoever ends when', async () => {
    const film = await added();
    const tokens = ['dd', 'bb', 'cc', 'aa'];
    const places = await Promise.all(tokens.map(() => openSharedStore(address)));
    const outcomes = await Promise.all(tokens.map((token, index) => attempt(film, 0, token, token, places[index])));
    expect(outcomes.filter(({ isNew }) => isNew).length).toBeGreaterThan(0);
    const found = await store.segmentsOf(film).find(0);
    // What the one that is taken names is there, and so is all that anybody may have read before.
    for (const { record } of [...outcomes, { record: found! }]) expect(segmentKeys(film)).toContain(record.file);
    const records = segmentKeys(film).filter((key) => key.endsWith('.json'));
    expect(found!.file.replace(/mkv$/, 'json')).toBe(records.sort()[0]);
    for (const place of places) await place.close();
  });

  test('a later one takes what is there, and sends nothing', async () => {
    const film = await added();
    const { record } = await attempt(film, 0, 'bb', 'first');
    expect(await attempt(film, 0, 'aa', 'second')).toEqual({ record, isNew: false });
    expect(segmentKeys(film)).toEqual(['segment-00000.bb.json', 'segment-00000.bb.mkv']);
    expect(await store.segmentsOf(film).findAll()).toEqual([record, null]);
    expect(await store.segmentsOf(film).listed()).toEqual(new Set([0]));
  });

  test('a record whose data is another’s, cut, or that is none is passed over', async () => {
    const film = await added();
    const segments = store.segmentsOf(film);
    const { record } = await attempt(film, 1, 'bb', 'whole');
    const place = `.upreel-fleet/films/${film.id}/segments`;
    const json = readFileSync(objectAt(`${place}/segment-00001.bb.json`), 'utf8');
    for (const text of [json, json.replace('.bb.', '.00.'), json.replace('segment-00001.bb', '../../x'), '{', '']) {
      writeFileSync(objectAt(`${place}/segment-00001.aa.json`), text);
      expect(await segments.find(1)).toEqual(record);
    }
    writeFileSync(objectAt(`${place}/segment-00001.bb.mkv`), 'cut');
    expect(await segments.find(1)).toBeNull();
    expect(await attempt(film, 1, 'cc', 'again')).toMatchObject({ isNew: true, record: { file: /\.cc\.mkv$/ } });
  });

  test('what an attempt has left goes, and never what a record names', async () => {
    const film = await added();
    const segments = store.segmentsOf(film);
    await attempt(film, 0, 'aa', 'whole');
    writeFileSync(objectAt(`.upreel-fleet/films/${film.id}/segments/segment-00000.bb.mkv`), 'sent');
    await segments.part(0, 'bb', '.mkv');
    await segments.abandon(0, 'bb');
    await segments.abandon(0, 'aa');
    expect(segmentKeys(film)).toEqual(['segment-00000.aa.json', 'segment-00000.aa.mkv']);
    expect(readdirSync(segments.folder)).toEqual([]);
  });

  test('a film that was removed meanwhile takes none', async () => {
    const film = await added();
    const segments = store.segmentsOf(film);
    const part = await segments.part(0, 'aa', '.mkv');
    writeFileSync(part, 'late');
    await store.removeFilm(film.id);
    await expect(segments.commit(part, 'aa', made(0))).rejects.toThrow(/was removed/);
    expect(segmentKeys(film)).toEqual([]);
  });

  test('one that is not what was made is found when all come together, and made again', async () => {
    const film = await added();
    const { record } = await attempt(film, 0, 'aa', 'whole');
    const segments = store.segmentsOf(film);
    expect(readFileSync(join(await segments.gather([record]), record.file), 'utf8')).toBe('whole');
    writeFileSync(objectAt(`.upreel-fleet/films/${film.id}/segments/${record.file}`), 'WHOLE');
    await expect(segments.gather([record])).rejects.toMatchObject({ code: 'verification-failed' });
    expect(await segments.find(0)).toBeNull();
  });
});

describe('a source', () => {
  test('is sent once, in parts where it is large, and fetched once by each machine', async () => {
    const bytes = randomBytes(17 * 1024 * 1024);
    writeFileSync(at('film.MP4'), bytes);
    const way = await store.addSource(at('film.MP4'));
    const hash = createHash('sha256').update(bytes).digest('hex');
    expect(way).toBe(`.upreel-fleet/sources/${hash}/source.mp4`);
    const { mtimeMs } = statSync(objectAt(way));
    expect(await store.addSource(at('film.MP4'))).toBe(way);
    expect(statSync(objectAt(way)).mtimeMs).toBe(mtimeMs);
    const place = await store.fetch(way);
    expect(readFileSync(place).equals(bytes)).toBe(true);
    writeFileSync(objectAt(way), 'another');
    expect(await store.fetch(way)).toBe(place);
  });

  test('that others have put there is fetched by its name, with its time, and is no other one later', async () => {
    const prefix = address.slice(`s3://${BUCKET}/`.length);
    await s3.put(`${prefix}/tapes/1998.AVI`, 'the film', { mtime: '912340800.25' });
    const { path, stored } = await store.sourceNamed(`${address}/tapes/1998.AVI`);
    const hash = createHash('sha256').update('the film').digest('hex');
    expect(stored).toEqual({ way: `.upreel-fleet/sources/${hash}/source.avi`, liesAt: 'tapes/1998.AVI' });
    expect([readFileSync(path, 'utf8'), statSync(path).mtimeMs]).toEqual(['the film', 912340800250]);
    const { way, liesAt } = stored!;
    expect(await store.fetch(way, liesAt)).toBe(path);
    rmSync(path);
    expect(await store.fetch(way, liesAt)).toBe(path);
    rmSync(path);
    await s3.put(`${prefix}/tapes/1998.AVI`, 'another1', {});
    await expect(store.fetch(way, liesAt)).rejects.toMatchObject({ code: 'input-damaged' });
    expect(keys()).toEqual(['tapes/1998.AVI']);
  });

  test.each(['s3://elsewhere/film.mkv', '/../film.mkv', '/', ''])('of another store is refused: %j', async (name) => {
    const named = name.startsWith('s3:') ? name : `${address}${name}`;
    await expect(store.sourceNamed(named)).rejects.toMatchObject({ code: 'usage' });
    await expect(store.sourceNamed(`${address}/none.mkv`)).rejects.toMatchObject({ code: 'input-missing' });
  });

  test('that is not what was sent, or is not there, is refused, and nothing of it stays', async () => {
    writeFileSync(at('small.mkv'), 'whole');
    const way = await store.addSource(at('small.mkv'));
    writeFileSync(objectAt(way), 'WHOLE');
    await expect(store.fetch(way)).rejects.toMatchObject({ code: 'input-damaged' });
    await expect(store.fetch(way.replace(/[0-9a-f]{64}/, 'b'.repeat(64)))).rejects.toMatchObject({
      code: 'input-missing',
    });
    expect(existsSync(join(store.root, way))).toBe(false);
  });

  test('makes room for another one, if nobody uses it; more than is ever kept is refused', async () => {
    vi.stubEnv('UPREEL_STORE_CACHE_GB', '0.00002');
    const one = await openSharedStore(address);
    const ways: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      writeFileSync(at(`${name}.mkv`), Buffer.alloc(9000, name));
      ways.push(await one.addSource(at(`${name}.mkv`)));
    }
    const [a, b, c] = ways as [string, string, string];
    const places = [await one.fetch(a), await one.fetch(b)];
    const old = new Date(Date.now() - 3_600_000);
    for (const place of places) utimesSync(join(place, '..'), old, old);
    // Both are held: a bound is no reason to take a film from under a worker.
    const other = await openSharedStore(address);
    const third = await other.fetch(c);
    expect([...places, third].map((place) => existsSync(place))).toEqual([true, true, true]);
    await one.close();
    await other.close();
    utimesSync(join(places[0]!, '..'), old, new Date(0));
    const last = await openSharedStore(address);
    writeFileSync(at('d.mkv'), Buffer.alloc(9000, 'd'));
    await last.fetch(await last.addSource(at('d.mkv')));
    expect(existsSync(places[0]!)).toBe(false);
    writeFileSync(at('e.mkv'), Buffer.alloc(20_001));
    await expect(last.fetch(await last.addSource(at('e.mkv')))).rejects.toThrow(
      /A file of 20.0 kB is to be fetched, and at most 20.0 kB are kept here/,
    );
    await last.close();
    vi.stubEnv('UPREEL_STORE_CACHE_GB', undefined);
  });
});

test('a network comes with all its files, or not at all', async () => {
  for (const name of ['net.bin', 'net.param']) writeFileSync(at(name), name);
  const way = await store.addModel([at('net.bin'), at('net.param')]);
  const place = await store.fetch(way);
  expect(readFileSync(place, 'utf8')).toBe('net.bin');
  expect(readFileSync(place.replace(/bin$/, 'param'), 'utf8')).toBe('net.param');
  for (const name of ['two.bin', 'two.param']) writeFileSync(at(name), name);
  const other = await store.addModel([at('two.bin'), at('two.param')]);
  writeFileSync(objectAt(other.replace(/bin$/, 'param')), 'another');
  await expect(store.fetch(other)).rejects.toMatchObject({ code: 'input-damaged' });
  expect(existsSync(join(store.root, other))).toBe(false);
});

describe('a place in a bucket', () => {
  const UP = ['', '/etc/passwd', '../x', 'a/../../x', 'a//b', './a', 'a/.', 'a\0b', 'a\\b', 'a\nb', 'a/'];

  test.each([...UP, '.upreel-fleet/films/x', 'a'.repeat(701)])('is not %j', async (way) => {
    await expect(store.placeOf(way)).rejects.toMatchObject({ code: 'place-untrusted' });
  });

  test.each([
    ...UP,
    'film.mkv',
    '.upreel-fleet/films/x/film.json',
    `.upreel-fleet/sources/${'a'.repeat(64)}/../../films/x`,
    `.upreel-fleet/models/${'a'.repeat(64)}/..`,
    `.upreel-fleet/models/${'A'.repeat(64)}/net.bin`,
  ])('is nothing that is fetched: %j', async (way) => {
    await expect(store.fetch(way)).rejects.toMatchObject({ code: 'place-untrusted' });
  });

  test('is lent for a look to each alone, and nothing comes of one that is not what was made', async () => {
    const film = await added();
    const segments = store.segmentsOf(film);
    const { record } = await attempt(film, 0, 'aa', 'whole');
    const look = () => {
      return segments.borrow(record, 100, async (file) => {
        await sleep(50);
        return readFileSync(file, 'utf8');
      });
    };
    const late = sleep(20).then(look);
    expect(await Promise.all([look(), late])).toEqual(['whole', 'whole']);
    await expect(segments.borrow(record, 4, async () => {})).rejects.toMatchObject({ code: 'usage' });
    const data = objectAt(`.upreel-fleet/films/${film.id}/segments/${record.file}`);
    writeFileSync(data, 'WHOLE');
    await expect(look()).rejects.toMatchObject({ code: 'verification-failed' });
    expect(readFileSync(data, 'utf8')).toBe('WHOLE');
    expect(readdirSync(segments.folder)).toEqual([]);
  });

  test('of a result is its way from here, or its name, and free', async () => {
    expect(await store.wayOfResult('films/of 1998/out+.mkv', false)).toBe('films/of 1998/out+.mkv');
    expect(await store.wayOfResult('/mnt/elsewhere/out.mkv', false)).toBe('out.mkv');
    const film = await added();
    const result = store.resultOf(film, 'aa', 'told/out.json');
    await result.begin(false);
    writeFileSync(result.output, 'the film');
    writeFileSync(result.report!, 'the report');
    expect(await result.published()).toBeNull();
    await result.publish(
      { frames: 2, bytes: 8 },
      { overwrite: false, changedMs: 1_000_000_500, giveName: async () => {} },
    );
    await result.end();
    expect(readFileSync(objectAt('told/out.json'), 'utf8')).toBe('the report');
    // As rclone has it, which gives it to the file that it makes.
    const own = address.slice(`s3://${BUCKET}/`.length);
    expect((await s3.told(`${own}/out.mkv`)).mtime).toBe('1000000.5');
    expect(readFileSync(objectAt('out.mkv'), 'utf8')).toBe('the film');
    // Who died after that finds its own.
    expect(await store.resultOf(film, 'bb', null).published()).toEqual({ frames: 2, bytes: 8 });
    const other = store.resultOf({ ...film, id: 'f'.repeat(24) }, 'cc', null);
    expect(await other.published()).toBeNull();
    await expect(other.begin(false)).rejects.toMatchObject({ code: 'output-exists' });
    await other.begin(true);
    await expect(store.wayOfResult('/x/out.mkv', false)).rejects.toMatchObject({ code: 'output-exists' });
    expect(await store.wayOfResult('/x/out.mkv', true)).toBe('out.mkv');
  });
});

test('lists of more than a page are whole', async () => {
  const film = await added();
  const place = `.upreel-fleet/films/${film.id}/segments`;
  mkdirSync(join(objectAt(place), '..', 'segments'), { recursive: true });
  await attempt(film, 0, 'zz', 'whole');
  // Before it by name, and no segments.
  for (let index = 0; index < 1050; index++) writeFileSync(objectAt(`${place}/segment-00000.a${index}.json`), '');
  expect(await store.segmentsOf(film).listed()).toEqual(new Set([0]));
  await store.probe();
  expect(keys().filter((key) => key.includes('probe'))).toEqual([]);
});
