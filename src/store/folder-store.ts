import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UpreelError } from '../core/errors.ts';
import { publishFile, temporaryNameFor } from '../core/files/publish.ts';
import { FolderResult } from './folder-result.ts';
import { FolderSegments } from './folder-segments.ts';
import { hashFile } from './identity.ts';
import { FILM_FILE, FILM_ID, hashOf, packFilm, type SharedFilm, unpackFilm } from './shared-film.ts';
import {
  type NamedPictures,
  type NamedSource,
  OWN_FOLDER,
  type SharedResult,
  type SharedSegments,
  type SharedStore,
  type StoredPictures,
} from './shared-store.ts';
import { storeUnwritable } from './store-unwritable.ts';
import { isWayDown } from './way.ts';

/**
 * A folder that every machine of a fleet sees, wherever it is mounted: a disk of the network, or one's own. Nothing in
 * it relies on locks, on clocks that agree, or on more than what NFS promises: a file is whole for who opens it after
 * it was closed, a link or rename within a folder happens at once, and what a listing tells may be old.
 */
export class FolderStore implements SharedStore {
  readonly root: string;
  readonly isFolder = true;

  private constructor(root: string) {
    this.root = root;
  }

  get address(): string {
    return this.root;
  }

  /** @throws UpreelError `usage` if there is no such folder, `output-unwritable`. */
  static async open(path: string): Promise<FolderStore> {
    const root = await realpath(resolve(path)).catch((cause) => {
      throw new UpreelError('usage', `There is no folder ${path} for the store.`, {
        hint: 'Name the shared folder as it is mounted on this machine: --store /mnt/films.',
        cause,
      });
    });
    const store = new FolderStore(root);
    for (const folder of ['films', 'models']) await store.#make(join(root, OWN_FOLDER, folder));
    return store;
  }

  /**
   * The way to a file from the root, as every machine can go it. null: it lies elsewhere.
   * @param path it, and folders that it lies in, need not exist yet
   */
  async wayTo(path: string): Promise<string | null> {
    const way = relative(this.root, await realPlace(resolve(path)));
    return way === '' || way.split(sep)[0] === '..' || isAbsolute(way) ? null : way.split(sep).join('/');
  }

  /**
   * Where a way leads on this machine.
   * @throws UpreelError `place-untrusted` if that is not in the store, by links or by the way itself.
   */
  async placeOf(way: string): Promise<string> {
    const place = join(this.root, ...way.split('/'));
    if (isWayDown(way) && (await this.wayTo(place)) !== null) return place;
    throw new UpreelError('place-untrusted', `${way} is not a place in the store ${this.root}.`, {
      hint: 'Films, results and checkpoints of a fleet lie in its store; links that lead out of it are not followed.',
    });
  }

  async sourceNamed(name: string): Promise<NamedSource> {
    if (name.startsWith('s3://')) throw this.#elsewhere(name);
    return { path: name, stored: null };
  }

  async picturesNamed(names: readonly string[]): Promise<NamedPictures> {
    for (const name of names) await this.sourceNamed(name);
    return { paths: names, liesAt: null };
  }

  async holds(way: string): Promise<boolean> {
    throw this.#elsewhere(way);
  }

  /** Its folders are looked into as any others. */
  async waysBelow(begin: string): Promise<readonly string[]> {
    throw this.#elsewhere(begin);
  }

  nameOf(way: string): string {
    return join(this.root, ...way.split('/'));
  }

  addSource(path: string): Promise<string> {
    return this.#wayIn(path, 'The source');
  }

  async addPictures(shown: string, paths: readonly string[], sound: string | null): Promise<StoredPictures> {
    for (const file of sound === null ? paths : [...paths, sound]) await this.addSource(file);
    return { way: await this.addSource(shown), moved: new Map() };
  }

  wayOfResult(path: string): Promise<string> {
    return this.#wayIn(path, 'The result');
  }

  fetch(way: string): Promise<string> {
    return this.placeOf(way);
  }

  async addFilm(film: Omit<SharedFilm, 'id'>): Promise<string> {
    const { id, files } = packFilm(film);
    const folder = this.filmFolder(id);
    await this.#make(join(folder, 'segments'));
    for (const [name, content] of files) await writeOnce(join(folder, name), content);
    return id;
  }

  readFilm(id: string): Promise<SharedFilm> {
    const folder = this.filmFolder(id);
    return unpackFilm(id, this.root, (name, mostBytes) => readBounded(join(folder, name), mostBytes));
  }

  segmentsOf(film: Pick<SharedFilm, 'id' | 'segments'>): SharedSegments {
    return new FolderSegments(join(this.filmFolder(film.id), 'segments'), film);
  }

  resultOf({ id, output }: SharedFilm, token: string, report: string | null): SharedResult {
    const places = { output: this.nameOf(output), report: report === null ? null : this.nameOf(report) };
    return new FolderResult(this.filmFolder(id), places, token);
  }

  filmFolder(id: string): string {
    return join(this.root, OWN_FOLDER, 'films', id);
  }

  async removeFilm(id: string): Promise<void> {
    if (!FILM_ID.test(id)) return;
    const folder = this.filmFolder(id);
    // Without it, the rest counts for nothing.
    await rm(join(folder, FILM_FILE), { force: true });
    await rm(folder, { recursive: true, force: true });
  }

  async addModel(files: readonly [string, ...string[]]): Promise<string> {
    const never = new AbortController().signal;
    const hashes = await Promise.all(files.map((file) => hashFile(file, never)));
    const folder = `${OWN_FOLDER}/models/${hashOf(hashes.join(' '))}`;
    await this.#make(join(this.root, ...folder.split('/')));
    for (const file of files) {
      const place = join(this.root, ...folder.split('/'), basename(file));
      if ((await stat(place).catch(() => null)) === null) await writeOnce(place, await readFile(file));
    }
    return `${folder}/${basename(files[0])}`;
  }

  async probe(): Promise<void> {
    const place = join(this.root, OWN_FOLDER, 'films', `probe-${randomBytes(4).toString('hex')}`);
    try {
      const file = await open(place, 'wx');
      await file.writeFile('upreel');
      await file.sync();
      await file.close();
      if ((await readFile(place, 'utf8')) !== 'upreel') throw new Error('it reads otherwise than it was written');
    } finally {
      await rm(place, { force: true }).catch(() => {});
    }
  }

  async close(): Promise<void> {}

  #elsewhere(name: string): UpreelError {
    return new UpreelError('usage', `The source ${name} is not in the store ${this.root}.`, {
      hint: 'Name its bucket as the store: --store s3://bucket/prefix.',
    });
  }

  /** @throws UpreelError `usage` */
  async #wayIn(path: string, what: string): Promise<string> {
    const way = await this.wayTo(path);
    if (way !== null) return way;
    throw new UpreelError('usage', `${what} ${path} is not in the store ${this.root}, where all machines can see it.`, {
      hint: 'Move or copy it there first, and name it as it is called there.',
    });
  }

  /** Who may write to the store may write to what is made in it: workers need not be the user who submitted. */
  async #make(folder: string): Promise<void> {
    try {
      const first = await mkdir(folder, { recursive: true });
      if (first === undefined) return;
      const mode = (await stat(this.root)).mode & 0o2777;
      // What knows no such rights, as some shares do, lets all or none.
      for (let made = folder; made.startsWith(first); made = dirname(made)) await chmod(made, mode).catch(() => {});
    } catch (cause) {
      throw storeUnwritable(this.root, cause);
    }
  }
}

/** Without links, as far as it exists. */
async function realPlace(path: string): Promise<string> {
  const parent = dirname(path);
  return realpath(path).catch(async () => (parent === path ? path : join(await realPlace(parent), basename(path))));
}

/** Whole, or not there. Whoever wrote the same before has done it. */
async function writeOnce(place: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryNameFor(place);
  try {
    const file = await open(temporary, 'wx', 0o666);
    await file.writeFile(content).finally(() => file.close());
    await publishFile(temporary, place, { overwrite: false });
  } catch (error) {
    await rm(temporary, { force: true });
    if (!(error instanceof UpreelError && error.code === 'output-exists')) throw error;
  }
}

async function readBounded(place: string, mostBytes: number): Promise<Buffer> {
  const { size } = await stat(place);
  if (size > mostBytes) throw new Error(`${place} has ${size} bytes, at most ${mostBytes} are expected`);
  return readFile(place);
}
