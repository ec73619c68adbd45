import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { isSequenceName } from '../../core/files/sequence-name.ts';
import { hashFile } from '../identity.ts';
import { FILM_FILE, FILM_ID, hashOf, packFilm, type SharedFilm, unpackFilm } from '../shared-film.ts';
import {
  type NamedPictures,
  type NamedSource,
  OWN_FOLDER,
  type SharedResult,
  type SharedSegments,
  type SharedStore,
  type StoredPictures,
} from '../shared-store.ts';
import { OwnObjects } from './own-objects.ts';
import { S3Client } from './s3-client.ts';
import { MOST_LISTED, S3Objects } from './s3-objects.ts';
import { requirePictureFolder, S3Pictures } from './s3-pictures.ts';
import { isKeyDown, readS3Place, type S3Place } from './s3-place.ts';
import { S3Result } from './s3-result.ts';
import { S3Segments } from './s3-segments.ts';
import { S3Sources, untrusted } from './s3-sources.ts';
import { StoreCache } from './store-cache.ts';

/** Kept of sources and networks on one machine, if UPREEL_STORE_CACHE_GB does not say otherwise. */
const CACHE_GIGABYTES = 50;

/**
 * A bucket of S3, or of what speaks like it, from a prefix on. Films are sent there under the hash of what they hold,
 * and fetched once by each machine; what is made is put as a whole. `root` is this machine's copy.
 */
export class S3Store implements SharedStore {
  readonly isFolder = false;
  readonly #place: S3Place;
  readonly #client: S3Client;
  readonly #objects: S3Objects;
  readonly #cache: StoreCache;
  readonly #sources: S3Sources;
  readonly #signal: AbortSignal;

  private constructor(client: S3Client, cache: StoreCache, signal: AbortSignal) {
    this.#place = client.place;
    this.#client = client;
    this.#objects = new S3Objects(client);
    this.#cache = cache;
    this.#signal = signal;
    this.#sources = new S3Sources({ objects: this.#objects, cache, address: client.place.address, signal });
  }

  /** @throws UpreelError `usage` for an address or an environment that says nothing useful, `store-unreachable`. */
  static async open(address: string, signal: AbortSignal): Promise<S3Store> {
    const place = readS3Place(address, process.env);
    const client = new S3Client(place, signal);
    // Says at once what would go wrong later.
    const prefix = `${place.prefix}${OWN_FOLDER}/`;
    await client.ask({ method: 'GET', query: { 'list-type': '2', 'max-keys': '1', prefix } });
    const cache = await StoreCache.open(`${place.base.href} ${place.prefix}`, cacheBytes(process.env));
    return new S3Store(client, cache, signal);
  }

  get address(): string {
    return this.#place.address;
  }

  get root(): string {
    return this.#cache.root;
  }

  async placeOf(way: string): Promise<string> {
    if (isKeyDown(way) && way.split('/')[0] !== OWN_FOLDER) return this.#cache.placeOf(way);
    throw untrusted(way, this.address);
  }

  nameOf(way: string): string {
    return `${this.address}/${way}`;
  }

  async sourceNamed(name: string): Promise<NamedSource> {
    return name.startsWith('s3://') ? this.#sources.named(name) : { path: name, stored: null };
  }

  async picturesNamed(names: readonly string[]): Promise<NamedPictures> {
    const stored = names.filter((name) => name.startsWith('s3://'));
    if (stored.length === 0) return { paths: names, liesAt: null };
    // What is no name in the store is told.
    return this.#sources.picturesNamed(names);
  }

  async holds(way: string): Promise<boolean> {
    return isKeyDown(way) && (await this.#objects.look(way)) !== null;
  }

  async waysBelow(begin: string): Promise<readonly string[]> {
    const found = await this.#objects.list(begin, MOST_LISTED);
    const named = begin.lastIndexOf('/') + 1;
    const isHidden = (way: string) =>
      way
        .slice(named)
        .split('/')
        .some((part) => part.startsWith('.'));
    const isOwn = (way: string) => way.startsWith(`${OWN_FOLDER}/`) || !isKeyDown(way);
    return found.map(({ way }) => way).filter((way) => !isOwn(way) && !isHidden(way));
  }

  addSource(path: string): Promise<string> {
    return this.#sources.add(path);
  }

  addPictures(_shown: string, paths: readonly string[], sound: string | null): Promise<StoredPictures> {
    return this.#sources.addPictures(paths, sound);
  }

  async wayOfResult(path: string, overwrite: boolean): Promise<string> {
    const below = relative(process.cwd(), resolve(path));
    const isOutside = below === '' || below.split(sep)[0] === '..' || isAbsolute(below);
    const isPictures = isSequenceName(path);
    const bare = isPictures ? join(basename(dirname(resolve(path))), basename(path)) : basename(path);
    const way = (isOutside ? bare : below).split(sep).join('/');
    await this.placeOf(way);
    if (isPictures) await requirePictureFolder(this.#objects, way, overwrite);
    else if (!overwrite && (await this.#objects.look(way)) !== null) {
      throw new UpreelError('output-exists', `${this.address}/${way} exists already.`, {
        hint: 'Choose another name, or add --overwrite.',
      });
    }
    return way;
  }

  async addModel(files: readonly [string, ...string[]]): Promise<string> {
    const hashes = await Promise.all(files.map((file) => hashFile(file, this.#signal)));
    const folder = `${OWN_FOLDER}/models/${hashOf(hashes.join(' '))}`;
    for (const [index, file] of files.entries()) {
      const way = `${folder}/${basename(file)}`;
      if (!isKeyDown(way)) throw untrusted(way, this.address);
      const { size: bytes } = await stat(file);
      if ((await this.#objects.look(way))?.bytes === bytes) continue;
      await this.#objects.putFile(way, file, { bytes, sha256: hashes[index]! });
    }
    return `${folder}/${basename(files[0])}`;
  }

  async fetch(way: string, liesAt = way, mostBytes = Number.POSITIVE_INFINITY): Promise<string> {
    const [, kind, hash] = FETCHED.exec(way) ?? [];
    if (kind === undefined || hash === undefined || !isKeyDown(way)) throw untrusted(way, this.address);
    const there = await this.#cache.hold(way);
    if (there !== null) return there;
    return kind === 'sources' ? this.#sources.fetch(way, hash, liesAt, mostBytes) : this.#fetchModel(way, hash);
  }

  async addFilm(film: Omit<SharedFilm, 'id'>): Promise<string> {
    const { id, files } = packFilm(film);
    for (const [name, content] of files) await this.#objects.put(`${filmWay(id)}/${name}`, content);
    return id;
  }

  readFilm(id: string): Promise<SharedFilm> {
    return unpackFilm(id, this.address, async (name, mostBytes) => {
      const way = `${filmWay(id)}/${name}`;
      // Its id is the hash of what it holds: only whether it is still there must be asked.
      const kept = name === FILM_FILE ? null : await readFile(this.#cache.placeOf(way)).catch(() => null);
      if (kept !== null) return kept;
      const found = await this.#objects.read(way, mostBytes);
      if (found === null) throw Object.assign(new Error(`no ${name}`), { code: 'ENOENT' });
      if (name !== FILM_FILE) await this.#keep(way, found);
      return found;
    });
  }

  async removeFilm(id: string): Promise<void> {
    if (!FILM_ID.test(id)) return;
    // Without it, the rest counts for nothing.
    await this.#objects.remove(`${filmWay(id)}/${FILM_FILE}`);
    const rest = await this.#objects.list(`${filmWay(id)}/`);
    await Promise.all(rest.map(({ way }) => this.#objects.remove(way)));
  }

  segmentsOf(film: Pick<SharedFilm, 'id' | 'segments'>): SharedSegments {
    return new S3Segments(this.#objects, filmWay(film.id), () => this.#cache.scratch('segments'), film);
  }

  resultOf({ id, output }: SharedFilm, _token: string, report: string | null): SharedResult {
    const [objects, scratch] = [this.#objects, this.#cache.scratch()];
    const own = new OwnObjects(objects, id, this.address, this.#signal);
    const ways = { output, report };
    return isSequenceName(output) ? new S3Pictures(objects, own, ways, scratch) : new S3Result(own, ways, scratch);
  }

  async probe(): Promise<void> {
    const way = `${OWN_FOLDER}/probe-${randomBytes(4).toString('hex')}`;
    await this.#objects.put(way, 'upreel');
    try {
      const listed = await this.#objects.list(way);
      const read = await this.#objects.read(way, 100);
      if (listed.length === 1 && read?.toString() === 'upreel') return;
      throw new UpreelError('store-unreachable', 'It does not show, or not tell, what was just put there.', {
        hint: 'A store must list what was put before, as S3, MinIO and R2 do.',
      });
    } finally {
      await this.#objects.remove(way);
    }
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#cache.close();
  }

  /** All files of it, that asked for last: where it is, the others are. */
  async #fetchModel(way: string, hash: string): Promise<string> {
    const folder = way.slice(0, way.lastIndexOf('/') + 1);
    const listed = (await this.#objects.list(folder)).filter((file) => FETCHED.test(file.way) && isKeyDown(file.way));
    const files = [...listed.filter((file) => file.way !== way), ...listed.filter((file) => file.way === way)];
    if (files.at(-1)?.way !== way || files.length > MOST_MODEL_FILES) throw this.#missing(way);
    await this.#cache.makeRoom(files.reduce((sum, { bytes }) => sum + bytes, 0));
    const fetched: { way: string; file: string; sha256: string }[] = [];
    for (const { way: each, bytes } of files) {
      const file = this.#cache.temporary(each);
      fetched.push({ way: each, file, sha256: await this.#objects.fetch(each, file, bytes) });
    }
    const [first, ...others] = [...fetched].reverse().map(({ sha256 }) => sha256);
    if (hashOf([first, ...others].join(' ')) !== hash) throw this.#damaged(way);
    for (const { file, way: each } of fetched) await this.#cache.keep(file, each);
    return this.#cache.placeOf(way);
  }

  async #keep(way: string, content: Buffer): Promise<void> {
    const file = this.#cache.temporary(way);
    await writeFile(file, content, { flag: 'wx', mode: 0o600 });
    await this.#cache.keep(file, way);
  }

  #missing(way: string): UpreelError {
    return new UpreelError('input-missing', `${way} is not in the store ${this.address}.`, {
      hint: 'Submit the film again: what is made of it stays.',
    });
  }

  #damaged(way: string): UpreelError {
    return new UpreelError('input-damaged', `${way} in the store ${this.address} is not what was submitted.`, {
      hint: 'Remove it there, and submit the film again.',
    });
  }
}

/** A network has one file, or two. */
const MOST_MODEL_FILES = 2;
const FETCHED = /^\.upreel-fleet\/(sources|models)\/([0-9a-f]{64})\/[^/]+$/;

function filmWay(id: string): string {
  return `${OWN_FOLDER}/films/${id}`;
}

/** @throws UpreelError `usage` */
function cacheBytes(env: Readonly<Record<string, string | undefined>>): number {
  const text = env.UPREEL_STORE_CACHE_GB || `${CACHE_GIGABYTES}`;
  const gigabytes = Number(text);
  if (gigabytes > 0 && gigabytes <= 1e6) return gigabytes * 1e9;
  throw new UpreelError('usage', `UPREEL_STORE_CACHE_GB cannot be ${text}: expected gigabytes, such as 50.`);
}
