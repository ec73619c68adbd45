import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { FolderStore } from '../../src/store/folder-store.ts';
import type { SharedFilm } from '../../src/store/index.ts';
import { temporaryFolder } from '../support/clips.ts';
import { FILM, madeSegment as made } from '../support/shared-film.ts';

const folder = temporaryFolder();
let number = 0;
let store: FolderStore;

beforeEach(async () => {
  const root = join(folder, `store-${number++}`);
  mkdirSync(root, { recursive: true });
  store = await FolderStore.open(root);
});

/** What an attempt has written. */
async function attempt(film: SharedFilm, index: number, token: string, content: string) {
  const segments = store.segmentsOf(film);
  const part = await segments.part(index, token, '.mkv');
  writeFileSync(part, content);
  return segments.commit(part, token, made(index));
}

describe('a film in a store', () => {
  test('has a name that follows from it, and is the same film when it comes again', async () => {
    const id = await store.addFilm(FILM);
    expect(id).toMatch(/^[0-9a-f]{24}$/);
    expect(await store.addFilm(FILM)).toBe(id);
    expect(await store.addFilm({ ...FILM, output: 'other.mkv' })).not.toBe(id);
    expect(await store.addFilm({ ...FILM, times: new Uint8Array(24) })).not.toBe(id);
    expect(await store.readFilm(id)).toEqual({ ...FILM, id, times: Buffer.alloc(16) });
    await store.removeFilm(id);
    await expect(store.readFilm(id)).rejects.toThrow(/is not in the store/);
  });

  test('is refused before anything is written, if its plan is longer than is read', async () => {
    const planJson = ' '.repeat(64 * 1024 * 1024 + 1);
    await expect(store.addFilm({ ...FILM, planJson })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('plan.json'),
    });
    expect(readdirSync(join(store.root, '.upreel-fleet/films'))).toEqual([]);
  });

  test.each(['film.json', 'plan.json', 'times.bin'])('is refused once %s is another one', async (name) => {
    const id = await store.addFilm(FILM);
    writeFileSync(join(store.filmFolder(id), name), 'x');
    await expect(store.readFilm(id)).rejects.toThrow(/is damaged, or another version submitted it/);
  });

  test.each(['', '..', '../..', 'f'.repeat(23), 'F'.repeat(24), `${'a'.repeat(24)}/x`])(
    'has no name like %j',
    async (id) => {
      await expect(store.readFilm(id)).rejects.toMatchObject({ code: 'usage' });
    },
  );
});

describe('users of one store', () => {
  test.each([0o700, 0o2775, 0o777])('may write to what is in it as to it itself: %o', async (mode) => {
    const root = join(folder, `shared-${number++}`);
    mkdirSync(root);
    chmodSync(root, mode);
    const shared = await FolderStore.open(root);
    const id = await shared.addFilm(FILM);
    for (const made of ['.upreel-fleet', '.upreel-fleet/models', `.upreel-fleet/films/${id}/segments`]) {
      expect([made, statSync(join(root, made)).mode & 0o7777]).toEqual([made, mode]);
    }
  });

  test('are told which folder they cannot write to', async () => {
    const film = await store.readFilm(await store.addFilm(FILM));
    const segments = store.segmentsOf(film);
    chmodSync(segments.folder, 0o555);
    // What is forbidden to others is not to root.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    const made = segments.part(0, 'aa', '.mkv');
    const refused = expect(made).rejects.toMatchObject({
      code: 'output-unwritable',
      message: expect.stringContaining(segments.folder),
    });
    await refused.finally(() => {
      if (isRoot) process.seteuid?.(0);
      chmodSync(segments.folder, 0o755);
    });
  });
});

describe('of several that make one segment', () => {
  test('the first stays, and the others take it and leave nothing', async () => {
    const film = await store.readFilm(await store.addFilm(FILM));
    const tokens = ['aa', 'bb', 'cc', 'dd'];
    const outcomes = await Promise.all(tokens.map((token) => attempt(film, 0, token, token)));
    expect(outcomes.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(outcomes.map(({ record }) => record.file)).size).toBe(1);
    const { folder: place } = store.segmentsOf(film);
    expect(readdirSync(place).sort()).toEqual(['segment-00000.json', outcomes[0]!.record.file].sort());
    expect(await store.segmentsOf(film).find(0)).toEqual(outcomes[0]!.record);
  });

  test('one whose data is gone or cut is no segment, and is replaced', async () => {
    const film = await store.readFilm(await store.addFilm(FILM));
    const segments = store.segmentsOf(film);
    for (const harm of [rmSync, (file: string) => truncateSync(file, 1)]) {
      const { record } = await attempt(film, 1, 'aa', 'first');
      harm(join(segments.folder, record.file));
      expect(await segments.find(1)).toBeNull();
      expect(await attempt(film, 1, 'bb', 'second')).toMatchObject({ isNew: true, record: { file: /\.bb\.mkv$/ } });
      rmSync(join(segments.folder, 'segment-00001.json'));
    }
  });

  test('what an attempt has left goes, and never what a record names', async () => {
    const film = await store.readFilm(await store.addFilm(FILM));
    const segments = store.segmentsOf(film);
    const { record } = await attempt(film, 0, 'aa', 'whole');
    await segments.part(0, 'bb', '.mkv');
    await segments.abandon(0, 'bb');
    await segments.abandon(0, 'aa');
    expect(readdirSync(segments.folder).sort()).toEqual(['segment-00000.json', record.file].sort());
  });
});

describe('a place in a store', () => {
  test('is found from anywhere in it, also before it exists', async () => {
    mkdirSync(join(store.root, 'a b'));
    writeFileSync(join(store.root, 'a b/film.mkv'), '');
    expect(await store.wayTo(join(store.root, 'a b/film.mkv'))).toBe('a b/film.mkv');
    expect(await store.wayTo(join(store.root, 'new/frames/%04d.png'))).toBe('new/frames/%04d.png');
    expect(await store.placeOf('a b/film.mkv')).toBe(join(store.root, 'a b/film.mkv'));
    expect(await store.wayTo(join(store.root, '..', 'film.mkv'))).toBeNull();
    expect(await store.wayTo(store.root)).toBeNull();
  });

  test('is not one that links lead out of', async () => {
    symlinkSync('/etc', join(store.root, 'link'));
    symlinkSync('/etc/passwd', join(store.root, 'film.mkv'));
    for (const way of ['link/passwd', 'film.mkv', 'link/new.mkv']) {
      await expect(store.placeOf(way)).rejects.toMatchObject({ code: 'place-untrusted' });
    }
  });

  test.each(['', '/etc/passwd', '../x', 'a/../../x', 'a//b', './a', 'a/.', 'a\0b', 'a\\b'])(
    'is not %j',
    async (way) => {
      await expect(store.placeOf(way)).rejects.toMatchObject({ code: 'place-untrusted' });
    },
  );
});
