import { randomBytes } from 'node:crypto';
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, extname, isAbsolute, relative, resolve, sep } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { hashFile } from '../identity.ts';
import { FILM_FILE, FILM_ID, hashOf, packFilm, type SharedFilm, unpackFilm } from '../shared-film.ts';
import {
  type NamedSource,
  OWN_FOLDER,
  type SharedResult,
  type SharedSegments,
  type SharedStore,
} from '../shared-store.ts';
import { S3Client } from './s3-client.ts';
import { S3Objects } from './s3-objects.ts';
import { isKeyDown, readS3Place, type S3Place } from './s3-place.ts';
import { S3Result } from './s3-result.ts';
import { S3Segments } from './s3-segments.ts';
import { StoreCache } from './store-cache.ts';

/** Kept of sources and networks on one machine, if UPREEL_STORE_CACHE_GB does not say otherwise. */
const CACHE_GIGABYTES = 50;

/**
 * A bucket of S3, or of what speaks like it, from a prefix on. Films are sent there under the hash of what they hold, and
 * fetched once by each machine; what is made is put as a whole. `root` is this machine's copy.
 */
export class S3Store implements SharedStore {
  readonly isFolder = false;
  readonly #place: S3Place;
  readonly #client: S3Client;
  readonly #objects: S3Objects;
  readonly #cache: StoreCache;
  readonly #signal: AbortSignal;

  private constructor(client: S3Client, cache: StoreCache, signal: AbortSignal) {
    this.#place = client.place;
    this.#client = client;
    this.#objects = new S3Objects(client);
    this.#cache = cache;
    this.#signal = signal;
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
    throw this.#untrusted(way);
  }

  nameOf(way: string): string {
    return `${this.address}/${way}`;
  }

  async sourceNamed(name: string): Promise<NamedSource> {
    if (!name.startsWith('s3://')) return { path: name, stored: null };
    const liesAt = name.startsWith(`${this.address}/`) ? name.slice(this.address.length + 1) : '';
    if (!isKeyDown(liesAt)) {
      throw new UpreelError('usage', `The source ${name} is not in the store ${this.address}.`, {
        hint: 'Name a film below the store’s prefix, or a file of this machine, which is sent there.',
      });
    }
    const found = await this.#objects.look(liesAt);
    if (found === null) throw new UpreelError('input-missing', `There is no ${name}.`, { hint: 'Is its name right?' });
    await this.#cache.makeRoom(found.bytes);
    const file = this.#cache.temporary(liesAt);
    const way = sourceWay(await this.#objects.fetch(liesAt, file, found.bytes), liesAt);
    const path = (await this.#cache.hold(way)) ?? (await this.#cache.keep(file, way));
    await rm(file, { force: true });
    // A film's identity has it, which is to be the same on each machine.
    await utimes(path, found.changedMs / 1000, found.changedMs / 1000);
    return { path, stored: { way, liesAt } };
  }

  async addSource(path: string): Promise<string> {
    const { size: bytes } = await stat(path);
    const sha256 = await hashFile(path, this.#signal);
    const way = sourceWay(sha256, path);
    if ((await this.#objects.look(way))?.bytes !== bytes) await this.#objects.putFile(way, path, { bytes, sha256 });
    return way;
  }

  async wayOfResult(path: string, overwrite: boolean): Promise<string> {
    const below = relative(process.cwd(), resolve(path));
    const isOutside = below === '' || below.split(sep)[0] === '..' || isAbsolute(below);
    const way = isOutside ? basename(path) : below.split(sep).join('/');
    await this.placeOf(way);
    if (!overwrite && (await this.#objects.look(way)) !== null) {
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
      if (!isKeyDown(way)) throw this.#untrusted(way);
      const { size: bytes } = await stat(file);
      if ((await this.#objects.look(way))?.bytes === bytes) continue;
      await this.#objects.putFile(way, file, { bytes, sha256: hashes[index]! });
    }
    return `${folder}/${basename(files[0])}`;
  }

  async fetch(way: string, liesAt = way): Promise<string> {
    const [, kind, hash] = FETCHED.exec(way) ?? [];
    if (kind === undefined || hash === undefined || !isKeyDown(way)) throw this.#untrusted(way);
    const there = await this.#cache.hold(way);
    if (there !== null) return there;
    if (!isKeyDown(liesAt)) throw this.#untrusted(liesAt);
    return kind === 'sources' ? this.#fetchSource(way, hash, liesAt) : this.#fetchModel(way, hash);
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
    const place = { scratch: this.#cache.scratch(), address: this.address };
    return new S3Result(this.#objects, id, { output, report }, place);
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

  async #fetchSource(way: string, hash: string, liesAt: string): Promise<string> {
    const found = await this.#objects.look(liesAt);
    if (found === null) throw this.#missing(liesAt);
    await this.#cache.makeRoom(found.bytes);
    const file = this.#cache.temporary(way);
    if ((await this.#objects.fetch(liesAt, file, found.bytes)) !== hash) throw this.#damaged(liesAt);
    return this.#cache.keep(file, way);
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

  #untrusted(way: string): UpreelError {
    return new UpreelError('place-untrusted', `${way} is not a place in the store ${this.address}.`, {
      hint: 'Films, results and checkpoints of a fleet lie in its store, below its prefix.',
    });
  }
}

/** A network has one file, or two. */
const MOST_MODEL_FILES = 2;
const FETCHED = /^\.upreel-fleet\/(sources|models)\/([0-9a-f]{64})\/[^/]+$/;

/** The way of a source that is named by what it holds. */
function sourceWay(sha256: string, name: string): string {
  const extension = extname(name).toLowerCase();
  return `${OWN_FOLDER}/sources/${sha256}/source${/^\.[a-z0-9]{1,8}$/.test(extension) ? extension : ''}`;
}

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
