import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFull, systemErrorCode, UpreelError } from '../../errors.ts';
import { publishFile, temporaryNameFor } from '../../files/publish.ts';
import type { CatalogueFile } from '../catalogue.ts';

/** A source did not deliver: the next one is tried. Anything else that is thrown ends the pull. */
export class SourceFailure extends Error {
  /** It delivered something else than the catalogue says. */
  readonly refused: boolean;

  constructor(message: string, options: { refused?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.refused = options.refused ?? false;
  }
}

/**
 * A file on its way into the cache: hashed as it arrives, cut when it grows past its size, and given its name only
 * when size and hash are the catalogue's. Whoever opens it calls `fill`.
 */
export class FileSink {
  readonly file: CatalogueFile;
  /** Bytes written so far. */
  bytes = 0;
  readonly #temporary: string;
  readonly #destination: string;
  readonly #handle: FileHandle;
  #hash: Hash = createHash('sha256');

  private constructor(file: CatalogueFile, destination: string, temporary: string, handle: FileHandle) {
    this.file = file;
    this.#destination = destination;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  static async open(folder: string, file: CatalogueFile): Promise<FileSink> {
    const destination = join(folder, file.name);
    const temporary = temporaryNameFor(destination);
    const handle = await open(temporary, 'wx', 0o600).catch((error: unknown) => {
      throw unwritable(error, folder);
    });
    return new FileSink(file, destination, temporary, handle);
  }

  /** @throws SourceFailure past the file's size; UpreelError `disk-full`. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.bytes + chunk.length > this.file.bytes) {
      throw new SourceFailure(`${this.file.name} is larger than the ${this.file.bytes} bytes it should have`, {
        refused: true,
      });
    }
    try {
      // At an explicit position, so that `restart` leaves no hole.
      await writeAll(this.#handle, chunk, this.bytes);
    } catch (error) {
      throw unwritable(error, this.#destination);
    }
    this.#hash.update(chunk);
    this.bytes += chunk.length;
  }

  /** Forgets what has been written. */
  async restart(): Promise<void> {
    await this.#handle.truncate(0).catch((error: unknown) => {
      throw unwritable(error, this.#destination);
    });
    this.#hash = createHash('sha256');
    this.bytes = 0;
  }

  /** Runs what writes into it, then publishes; whatever goes wrong, no temporary file stays. */
  async fill(download: () => Promise<void>): Promise<void> {
    try {
      await download();
      await this.#publish();
    } catch (error) {
      await this.#handle.close();
      await rm(this.#temporary, { force: true });
      throw error;
    }
  }

  async #publish(): Promise<void> {
    const sha256 = this.#hash.digest('hex');
    const { name, bytes } = this.file;
    if (this.bytes !== bytes || sha256 !== this.file.sha256) {
      const got = this.bytes === bytes ? `sha256 ${sha256} instead of ${this.file.sha256}` : `${this.bytes} bytes`;
      throw new SourceFailure(`${name} came with ${got}`, { refused: true });
    }
    await this.#handle.close();
    // Over a damaged file of that name, if there is one; a right one is the same.
    await publishFile(this.#temporary, this.#destination, { overwrite: true }).catch((error: Error) => {
      throw unwritable(error.cause, this.#destination);
    });
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await handle.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
  }
}

/** An error of writing into the cache, in words. */
export function unwritable(error: unknown, where: string): unknown {
  const code = systemErrorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(error, where);
  if (code === undefined) return error;
  return new UpreelError('output-unwritable', `Cannot write the model cache ${where} (${code}).`, {
    hint: 'Name a folder that you may write to with UPREEL_CACHE.',
    cause: error,
  });
}
