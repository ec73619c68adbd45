import type { Stats } from 'node:fs';
import { constants, type FileHandle, lstat, mkdir, open, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemErrorCode, UpreelError } from '../errors.ts';
import { syncFolder, temporaryNameFor } from '../files/publish.ts';
import { proveOwner, trustAfter } from './owner-proof.ts';
import { type Distrust, distrustOf, type Trust, usualTrust } from './trust.ts';
import { nameOfUser, untrusted } from './untrusted.ts';

export interface OwnFolderOptions {
  /** One sentence: what a person does about a folder that is refused. */
  readonly hint: string;
  /** What people are told that its name is; default: its name. */
  readonly shownAs?: string;
}

/**
 * A folder that upreel keeps its own files in, where strangers may have been before: a real folder of this user (or
 * root) that nobody else may write to, and files in it that are the same.
 *
 * It is asked and used by descriptor: on Linux `at` gives names below `/proc/PID/fd/N`, which lead to the very folder
 * that was looked at, whoever renames it or puts another in its place. Elsewhere they are plain names. Whoever opened
 * it closes it.
 */
export class OwnFolder {
  /** For people: as it was named. */
  readonly path: string;
  /** For programs: leads to this very folder while it is open. */
  readonly place: string;
  readonly trust: Trust;
  readonly #handle: FileHandle | null;
  readonly #hint: string;

  private constructor(path: string, place: string, trust: Trust, handle: FileHandle | null, hint: string) {
    this.path = path;
    this.place = place;
    this.trust = trust;
    this.#handle = handle;
    this.#hint = hint;
  }

  /** @returns null: there is nothing of that name. @throws UpreelError `place-untrusted`. */
  static async open(path: string, options: OwnFolderOptions): Promise<OwnFolder | null> {
    const { hint, shownAs = path } = options;
    const handle = await openFolder(path, shownAs, hint);
    if (handle === undefined) return null;
    try {
      const stats = handle === null ? await lstat(path) : await handle.stat();
      const { trust, remark } = await trustIn(stats, dirname(resolve(path)));
      const distrust = distrustOf(stats, 'folder', trust);
      if (distrust !== null) throw untrusted(shownAs, 'folder', distrust, remark === null ? hint : `${remark} ${hint}`);
      return new OwnFolder(resolve(shownAs), await placeOf(path, handle), trust, handle, hint);
    } catch (error) {
      await handle?.close();
      throw error;
    }
  }

  /**
   * Opens it, and makes it for this user alone if there is none; with `parents` the folders above it as well.
   * @throws UpreelError `place-untrusted`; the system's error if it cannot be made.
   */
  static async make(path: string, options: OwnFolderOptions & { readonly parents: boolean }): Promise<OwnFolder> {
    // Whoever removes it all the time only keeps us from working.
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const isNew = await mkdir(path, { recursive: options.parents, mode: 0o700 }).then(
        (first) => !options.parents || first !== undefined,
        (error) => {
          if (systemErrorCode(error) !== 'EEXIST') throw error;
          return false;
        },
      );
      const folder = await OwnFolder.open(path, options).catch(async (error) => {
        // One that is not ours although we have just made it (a disk of others without owners) is not left behind.
        if (isNew) await rmdir(path).catch(() => {});
        throw error;
      });
      if (folder !== null) return folder;
    }
    throw new UpreelError('output-unwritable', `The folder ${path} is taken away again and again.`);
  }

  /** The name of a file in it. */
  at(name: string): string {
    return join(this.place, name);
  }

  /** Text of others, in which the folder may be named the programs' way, for people. */
  shown(text: string): string {
    return this.place === this.path ? text : text.replaceAll(this.place, this.path);
  }

  /** An error in which the folder is named the programs' way, for people. */
  named(error: unknown): unknown {
    if (!(error instanceof UpreelError) || this.shown(error.message) === error.message) return error;
    return new UpreelError(error.code, this.shown(error.message), { hint: this.shown(error.hint), cause: error.cause });
  }

  /** A folder in it, made if there is none. Whoever asked closes it. @throws as `make`. */
  child(name: string): Promise<OwnFolder> {
    const shownAs = join(this.path, name);
    return OwnFolder.make(this.at(name), { hint: this.#hint, shownAs, parents: false });
  }

  /** Tells this very folder from all others, by its descriptor where there is one. */
  async identity(): Promise<string> {
    const { dev, ino } = await (this.#handle?.stat({ bigint: true }) ?? lstat(this.path, { bigint: true }));
    return `${dev}:${ino}`;
  }

  async names(): Promise<readonly string[]> {
    return readdir(this.place);
  }

  /** Whether a file of that name could be used; also if there is none. @throws UpreelError `place-untrusted`. */
  async check(name: string, kind: 'file' | 'folder' = 'file'): Promise<void> {
    const stats = await this.look(name);
    const distrust = stats === null ? null : distrustOf(stats, kind, this.trust);
    if (distrust !== null) throw this.#untrusted(name, distrust);
  }

  /** Of the name itself, not of what it leads to; null: there is none. */
  async look(name: string): Promise<Stats | null> {
    return lstat(this.at(name)).catch(nullIfMissing);
  }

  /**
   * Opens a file and looks at what was opened. New ones are this user's alone.
   * @param flags of open(2), beside those that keep it from following or waiting for anything
   * @returns null: there is none. @throws UpreelError `place-untrusted`; the system's error.
   */
  async openFile(name: string, flags: number): Promise<FileHandle | null> {
    // First by name, so that no device is ever opened.
    await this.check(name);
    const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    const file = await open(this.at(name), flags | O_NOFOLLOW | O_NONBLOCK, 0o600).catch((error: unknown) => {
      const code = systemErrorCode(error);
      if (code === 'ENOENT') return null;
      if (code === 'ELOOP') throw this.#untrusted(name, { why: 'kind', is: 'a link' });
      if (code === 'ENXIO') throw this.#untrusted(name, { why: 'kind', is: 'a named pipe' });
      throw error;
    });
    if (file === null) return null;
    try {
      const distrust = distrustOf(await file.stat(), 'file', this.trust);
      if (distrust !== null) throw this.#untrusted(name, distrust);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** @returns its text; null: there is none, or it is larger. @throws as `openFile`. */
  async read(name: string, maxBytes: number): Promise<string | null> {
    const file = await this.openFile(name, constants.O_RDONLY);
    if (file === null) return null;
    try {
      const { size } = await file.stat();
      return size > maxBytes ? null : await file.readFile('utf8');
    } finally {
      await file.close();
    }
  }

  /** Replaces a file so that a reader sees the old one or the new one, whole; durable when it returns. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    const temporary = temporaryNameFor(this.at(name));
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants;
    const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.at(name));
      await syncFolder(this.place);
    } catch (error) {
      await unlink(temporary).catch(() => {});
      throw error;
    }
  }

  /** Makes an empty file of this user alone; whatever had the name is gone. */
  async create(name: string): Promise<void> {
    await this.remove(name);
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants;
    await (await open(this.at(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)).close();
  }

  /**
   * Removes what has that name: of a link the link, of a folder the files in it and then itself. What a folder's files
   * lead to, and folders in it, are never entered.
   * @throws the system's error, also for a folder that holds folders.
   */
  async remove(name: string): Promise<void> {
    const stats = await this.look(name);
    if (stats === null) return;
    if (!stats.isDirectory()) {
      await unlink(this.at(name)).catch(nullIfMissing);
      return;
    }
    const handle = await openFolder(this.at(name), join(this.path, name), this.#hint);
    if (handle === undefined) return;
    try {
      const inner = await placeOf(this.at(name), handle);
      for (const file of await readdir(inner)) await unlink(join(inner, file)).catch(nullIfMissing);
    } finally {
      await handle?.close();
    }
    await rmdir(this.at(name)).catch(nullIfMissing);
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }

  #untrusted(name: string, distrust: Distrust): UpreelError {
    return untrusted(join(this.path, name), 'file', distrust, this.#hint);
  }
}

const MAX_TRIES = 100;

/** A folder that is used as it is, whoever owns it, by descriptor as `OwnFolder` is. */
export interface HeldFolder {
  /** For people. */
  readonly path: string;
  /** For programs: leads to this very folder while it is held. */
  readonly place: string;
  release(): Promise<void>;
}

/**
 * Holds the folder of a result, which the user named: links on the way there are the user's.
 * @throws the system's error.
 */
export async function holdFolder(path: string): Promise<HeldFolder> {
  const real = resolve(path);
  if (process.platform === 'win32') return { path: real, place: real, release: async () => {} };
  const handle = await open(real, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0));
  return { path: real, place: await placeOf(real, handle), release: () => handle.close() };
}

/** @returns undefined: there is none; null: this platform does not open folders. */
async function openFolder(path: string, shownAs: string, hint: string): Promise<FileHandle | null | undefined> {
  const { O_RDONLY, O_DIRECTORY = 0, O_NOFOLLOW = 0 } = constants;
  if (process.platform === 'win32') return (await lstat(path).catch(nullIfMissing)) === null ? undefined : null;
  try {
    return await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    // A link, a file, or a folder that its owner has closed: `lstat` tells which.
    const stats = await lstat(path).catch(() => null);
    const distrust = stats === null ? null : distrustOf(stats, 'folder', usualTrust());
    throw distrust === null ? error : untrusted(shownAs, 'folder', distrust, hint);
  }
}

/** The file system is asked only if what is found does not look like ours: mostly it does. */
async function trustIn(
  stats: Stats,
  parent: string,
): Promise<{ readonly trust: Trust; readonly remark: string | null }> {
  const usual = usualTrust();
  const distrust = distrustOf(stats, 'folder', usual);
  if (distrust?.why !== 'owner' && distrust?.why !== 'writable') return { trust: usual, remark: null };
  const proof = await proveOwner(parent);
  if (proof === null) return { trust: usual, remark: null };
  const remark = proof.keepsModes ? null : `Its disk keeps no owners: all on it belongs to ${nameOfUser(proof.uid)}.`;
  return { trust: trustAfter(proof), remark };
}

/** Without /proc (a chroot, another system) names have to do. */
async function placeOf(path: string, handle: FileHandle | null): Promise<string> {
  if (handle === null || process.platform !== 'linux') return resolve(path);
  const place = `/proc/${process.pid}/fd/${handle.fd}`;
  const [mine, there] = await Promise.all([
    handle.stat({ bigint: true }),
    open(`${place}/.`, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0)).then(
      async (again) => {
        try {
          return await again.stat({ bigint: true });
        } finally {
          await again.close();
        }
      },
      () => null,
    ),
  ]);
  return there !== null && there.ino === mine.ino && there.dev === mine.dev ? place : resolve(path);
}

function nullIfMissing(error: unknown): null {
  if (systemErrorCode(error) === 'ENOENT') return null;
  throw error;
}
