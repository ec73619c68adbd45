import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdir, readdir, realpath, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { byteText } from '../../core/byte-text.ts';
import { UpreelError } from '../../core/errors.ts';
import { cacheFolders, openCacheFolder } from '../../core/model/index.ts';
import { requireSpace } from '../disk-space.ts';
import { OWN_FOLDER } from '../shared-store.ts';

/** Where what was fetched is kept in the end: folders of folders, of which each goes as a whole. */
const KINDS = ['sources', 'models', 'films'] as const;
const ATTEMPTS = 'attempts';
/** Of another machine that shares the cache: its processes cannot be seen from here. */
const FORGOTTEN_MILLISECONDS = 7 * 86_400_000;
/** What was asked for a moment ago is about to be held. */
const FRESH_MILLISECONDS = 60_000;

/**
 * This machine's copy of a store that is no folder: what was fetched once stays for all workers here, up to a bound,
 * and what was not used for the longest time goes first. A file has its name there only when it is whole.
 */
export class StoreCache {
  /** Absolute, without links; ways lead to files in it. */
  readonly root: string;
  readonly #mostBytes: number;
  #scratch: string | null = null;
  #isClosed = false;

  private constructor(root: string, mostBytes: number) {
    this.root = root;
    this.#mostBytes = mostBytes;
  }

  /**
   * @param name of the store, whatever it is
   * @throws UpreelError `place-untrusted` if others can write to it; the system's error.
   */
  static async open(name: string, mostBytes: number): Promise<StoreCache> {
    const { stores } = cacheFolders();
    const folder = await openCacheFolder(stores);
    const own = createHash('sha256').update(name).digest('hex').slice(0, 24);
    await (await folder.child(own).finally(() => folder.close())).close();
    const cache = new StoreCache(await realpath(join(stores, own)), mostBytes);
    await mkdir(join(cache.root, ATTEMPTS), { recursive: true });
    await cache.#sweep();
    return cache;
  }

  placeOf(way: string): string {
    return join(this.root, ...way.split('/'));
  }

  /** @returns where a way leads, if it is here; it stays until the cache is closed. */
  async hold(way: string): Promise<string | null> {
    const entry = entryOf(way);
    await writeFile(join(this.scratch(), `hold-${entry.join('-')}`), '');
    const place = this.placeOf(way);
    const now = new Date();
    await utimes(join(this.root, OWN_FOLDER, ...entry), now, now).catch(() => {});
    return (await stat(place).catch(() => null)) === null ? null : place;
  }

  /**
   * A folder of this process alone, or one in it, which goes when the cache is closed, or after this process has died.
   * @throws UpreelError `interrupted` once it is closed: nobody would remove it.
   */
  scratch(name = ''): string {
    if (this.#isClosed) throw new UpreelError('interrupted', 'The store was closed.');
    const own = `${process.pid}.${randomBytes(4).toString('hex')}.${hostname().replace(/[^\w.-]/g, '_')}`;
    this.#scratch ??= join(this.root, ATTEMPTS, own);
    const folder = join(this.#scratch, name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** A name for a file that is being fetched. */
  temporary(way: string): string {
    return join(this.scratch(), `${randomBytes(4).toString('hex')}-${basename(way).slice(-100)}`);
  }

  /** Gives what was fetched its name. */
  async keep(temporary: string, way: string): Promise<string> {
    const place = this.placeOf(way);
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    await rename(temporary, place);
    return place;
  }

  /** Gives a whole folder that was fetched its name, unless another process of this machine was first. */
  async keepFolder(temporary: string, way: string): Promise<string> {
    const place = this.placeOf(way);
    await mkdir(dirname(dirname(place)), { recursive: true, mode: 0o700 });
    await rename(temporary, dirname(place)).catch(async (error: unknown) => {
      if ((await stat(place).catch(() => null)) === null) throw error;
    });
    return place;
  }

  /**
   * Makes room for what is to be fetched.
   * @throws UpreelError `usage` if so much is never kept, `disk-full`.
   */
  async makeRoom(bytes: number): Promise<void> {
    if (bytes > this.#mostBytes) {
      const [has, most] = [bytes, this.#mostBytes].map(byteText);
      throw new UpreelError('usage', `A file of ${has} is to be fetched, and at most ${most} are kept here.`, {
        hint: `Set UPREEL_STORE_CACHE_GB to more; files are kept in ${this.root}.`,
      });
    }
    const [held, entries] = [await this.#held(), await this.#entries()];
    let total = entries.reduce((sum, entry) => sum + entry.bytes, bytes);
    for (const { path, name, usedMs, bytes: own } of entries.sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= this.#mostBytes) break;
      if (held.has(name) || Date.now() - usedMs < FRESH_MILLISECONDS) continue;
      // At once, so that nobody finds half of it.
      const going = this.temporary(name);
      await rename(path, going).catch(() => {});
      await rm(going, { recursive: true, force: true });
      total -= own;
    }
    await requireSpace([{ folder: this.root, bytes }]);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // What is at work may be about to make a last file.
    if (this.#scratch !== null) await rm(this.#scratch, { recursive: true, force: true, maxRetries: 5 });
  }

  async #entries(): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const kind of KINDS) {
      const folder = join(this.root, OWN_FOLDER, kind);
      for (const name of await readdir(folder).catch(() => [])) {
        const path = join(folder, name);
        const files = await readdir(path).catch(() => []);
        const sizes = await Promise.all(files.map((file) => stat(join(path, file)).catch(() => null)));
        const usedMs = (await stat(path).catch(() => null))?.mtimeMs ?? 0;
        const bytes = sizes.reduce((sum, found) => sum + (found?.size ?? 0), 0);
        entries.push({ path, name: `${kind}-${name}`, bytes, usedMs });
      }
    }
    return entries;
  }

  /** What living processes use. */
  async #held(): Promise<ReadonlySet<string>> {
    const attempts = join(this.root, ATTEMPTS);
    const folders = await readdir(attempts).catch(() => []);
    const names = await Promise.all(folders.map((folder) => readdir(join(attempts, folder)).catch(() => [])));
    return new Set(names.flat().flatMap((name) => /^hold-(.+)$/.exec(name)?.[1] ?? []));
  }

  /** What died has left its folder. */
  async #sweep(): Promise<void> {
    const attempts = join(this.root, ATTEMPTS);
    const here = hostname().replace(/[^\w.-]/g, '_');
    for (const name of await readdir(attempts).catch(() => [])) {
      const [, pid, host] = /^(\d+)\.[0-9a-f]+\.(.*)$/.exec(name) ?? [];
      const age = Date.now() - ((await stat(join(attempts, name)).catch(() => null))?.mtimeMs ?? Date.now());
      if (host === here ? lives(Number(pid)) : age < FORGOTTEN_MILLISECONDS) continue;
      await rm(join(attempts, name), { recursive: true, force: true }).catch(() => {});
    }
  }
}

interface Entry {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/** `.upreel-fleet/KIND/NAME/...`: what is kept or goes as a whole. */
function entryOf(way: string): [string, string] {
  const [, kind = '', name = ''] = way.split('/');
  return [kind, name];
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
