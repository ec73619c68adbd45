import { createHash, randomBytes } from 'node:crypto';
import { rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { hashFile } from '../identity.ts';
import { type NamedPictures, type NamedSource, OWN_FOLDER, type StoredPictures } from '../shared-store.ts';
import {
  listPictures,
  MOST_SET_BYTES,
  memberPlace,
  memberWay,
  type PictureSet,
  readPictures,
  SET_FILE,
  type SetMember,
  soundName,
} from './picture-set.ts';
import type { S3Objects } from './s3-objects.ts';
import { isKeyDown } from './s3-place.ts';
import { someAtOnce } from './some-at-once.ts';
import type { StoreCache } from './store-cache.ts';

interface SourcesContext {
  readonly objects: S3Objects;
  readonly cache: StoreCache;
  /** Of the store, for people. */
  readonly address: string;
  readonly signal: AbortSignal;
}

/**
 * What films are made of, in a bucket: films as one object each, and pictures with a list of them. Each is named by the
 * SHA-256 of what it holds, wherever it lies, and held against that when it is fetched.
 */
export class S3Sources {
  readonly #objects: S3Objects;
  readonly #cache: StoreCache;
  readonly #address: string;
  readonly #signal: AbortSignal;
  /** Files of this machine that lie in the store under names of their own. */
  readonly #stored = new Map<string, Omit<SetMember, 'name'>>();

  constructor({ objects, cache, address, signal }: SourcesContext) {
    this.#objects = objects;
    this.#cache = cache;
    this.#address = address;
    this.#signal = signal;
  }

  /** @throws UpreelError `usage` for one of another store, `input-missing`. */
  async named(name: string): Promise<NamedSource> {
    const liesAt = this.#wayOf(name);
    const found = await this.#objects.look(liesAt);
    if (found === null) throw new UpreelError('input-missing', `There is no ${name}.`, { hint: 'Is its name right?' });
    await this.#cache.makeRoom(found.bytes);
    const file = this.#cache.temporary(liesAt);
    const sha256 = await this.#objects.fetch(liesAt, file, found.bytes);
    const way = sourceWay(sha256, liesAt);
    const path = (await this.#cache.hold(way)) ?? (await this.#cache.keep(file, way));
    await rm(file, { force: true });
    // A film's identity has it, which is to be the same on each machine.
    await utimes(path, found.changedMs / 1000, found.changedMs / 1000);
    this.#stored.set(path, { bytes: found.bytes, sha256, liesAt });
    return { path, stored: { way, liesAt } };
  }

  /** @throws UpreelError `usage` for pictures of another store or of several folders, `input-missing`. */
  async picturesNamed(names: readonly string[]): Promise<NamedPictures> {
    const ways = names.map((name) => this.#wayOf(name));
    const [folder, other] = [...new Set(ways.map((way) => dirname(way)))];
    if (folder === undefined || other !== undefined) {
      throw new UpreelError('usage', `The pictures lie in several folders of the store, ${folder} and ${other}.`, {
        hint: 'Name those of one folder.',
      });
    }
    const facts = await someAtOnce(ways, async (way) => {
      const found = await this.#objects.look(way);
      return found ?? Promise.reject(this.#missing(way));
    });
    await this.#cache.makeRoom(facts.reduce((sum, { bytes }) => sum + bytes, 0));
    const own = this.#cache.scratch(`pictures-${randomBytes(4).toString('hex')}`);
    const paths = await someAtOnce(ways, async (liesAt, index) => {
      const { bytes, changedMs } = facts[index]!;
      const path = join(own, basename(liesAt));
      const sha256 = await this.#objects.fetch(liesAt, path, bytes);
      await utimes(path, changedMs / 1000, changedMs / 1000);
      this.#stored.set(path, { bytes, sha256, liesAt });
      return path;
    });
    return { paths, liesAt: folder === '.' ? '' : folder };
  }

  /** Sends a film, unless it is there. @returns its way. */
  async add(path: string): Promise<string> {
    const { size: bytes } = await stat(path);
    const sha256 = await hashFile(path, this.#signal);
    const way = sourceWay(sha256, path);
    if ((await this.#objects.look(way))?.bytes !== bytes) await this.#objects.putFile(way, path, { bytes, sha256 });
    return way;
  }

  /** Sends those that are not there, and the list of all. @throws UpreelError `usage` for names that cannot be. */
  async addPictures(paths: readonly string[], sound: string | null): Promise<StoredPictures> {
    const files = [...new Set([...paths, ...(sound === null ? [] : [sound])])];
    const members = await someAtOnce(files, async (path): Promise<SetMember> => {
      const name = path === sound ? soundName(path) : basename(path);
      const { size: bytes } = await stat(path);
      const known = this.#stored.get(path) ?? { bytes, sha256: await hashFile(path, this.#signal), liesAt: null };
      return { name, ...known };
    });
    const set = listPictures(members);
    const there = new Map((await this.#objects.list(memberPlace(set, ''))).map(({ way, bytes }) => [way, bytes]));
    await someAtOnce(set.files, async (member, index) => {
      const way = memberWay(set, member);
      if (member.liesAt !== null || there.get(way) === member.bytes) return;
      await this.#objects.putFile(way, files[index]!, member);
    });
    // Where there is a list, there is all that it names.
    if (!there.has(set.way)) await this.#objects.put(set.way, set.text);
    const moved = members.map(({ name }, index) => [files[index]!, memberPlace(set, name)] as const);
    return { way: set.way, moved: new Map(moved) };
  }

  /**
   * @param hash of what `way` names
   * @param liesAt where it is, if not there
   */
  async fetch(way: string, hash: string, liesAt: string, mostBytes: number): Promise<string> {
    if (basename(way) === SET_FILE) return this.#fetchPictures(way, mostBytes);
    if (!isKeyDown(liesAt)) throw untrusted(liesAt, this.#address);
    const found = await this.#objects.look(liesAt);
    if (found === null) throw this.#missing(liesAt);
    requireAtMost(found.bytes, mostBytes);
    await this.#cache.makeRoom(found.bytes);
    const file = this.#cache.temporary(way);
    if ((await this.#objects.fetch(liesAt, file, found.bytes)) !== hash) throw this.#damaged(liesAt);
    return this.#cache.keep(file, way);
  }

  /** All of them, or none. @returns where the list is, beside which they lie. */
  async #fetchPictures(way: string, mostBytes: number): Promise<string> {
    const text = await this.#objects.read(way, MOST_SET_BYTES);
    if (text === null) throw this.#missing(way);
    const set = readPictures(way, text.toString());
    if (set === null) throw this.#damaged(way);
    const bytes = set.files.reduce((sum, file) => sum + file.bytes, 0);
    requireAtMost(bytes, mostBytes);
    await this.#cache.makeRoom(bytes);
    const own = this.#cache.scratch(`set-${randomBytes(4).toString('hex')}`);
    try {
      await someAtOnce(set.files, (member) => this.#fetchMember(set, member, join(own, member.name)));
      await writeFile(join(own, SET_FILE), text, { flag: 'wx', mode: 0o600 });
      return await this.#cache.keepFolder(own, way);
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  }

  async #fetchMember(set: PictureSet, member: SetMember, path: string): Promise<void> {
    const way = memberWay(set, member);
    // Of another size it is another one, and nothing is fetched beyond what the list says.
    const found = member.bytes === 0 ? EMPTY : await this.#objects.fetch(way, path, member.bytes);
    if (member.bytes === 0) await writeFile(path, '');
    if (found !== member.sha256) throw this.#damaged(way);
  }

  /** `s3://bucket/prefix/NAME` is NAME. @throws UpreelError `usage`. */
  #wayOf(name: string): string {
    const way = name.startsWith(`${this.#address}/`) ? name.slice(this.#address.length + 1) : '';
    if (isKeyDown(way)) return way;
    throw new UpreelError('usage', `The source ${name} is not in the store ${this.#address}.`, {
      hint: 'Name a film below the store’s prefix, or a file of this machine, which is sent there.',
    });
  }

  #missing(way: string): UpreelError {
    return new UpreelError('input-missing', `${way} is not in the store ${this.#address}.`, {
      hint: 'Submit the film again: what is made of it stays.',
    });
  }

  #damaged(way: string): UpreelError {
    return new UpreelError('input-damaged', `${way} in the store ${this.#address} is not what was submitted.`, {
      hint: 'Remove it there, and submit the film again.',
    });
  }
}

const EMPTY = createHash('sha256').digest('hex');

/** The way of a source that is named by what it holds. */
function sourceWay(sha256: string, name: string): string {
  const extension = extname(name).toLowerCase();
  return `${OWN_FOLDER}/sources/${sha256}/source${/^\.[a-z0-9]{1,8}$/.test(extension) ? extension : ''}`;
}

function requireAtMost(bytes: number, mostBytes: number): void {
  if (bytes <= mostBytes) return;
  throw new UpreelError('usage', `The source has ${bytes} bytes: more than ${mostBytes} are not fetched for a look.`);
}

export function untrusted(way: string, address: string): UpreelError {
  return new UpreelError('place-untrusted', `${way} is not a place in the store ${address}.`, {
    hint: 'Films, results and checkpoints of a fleet lie in its store, below its prefix.',
  });
}
