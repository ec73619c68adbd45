import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { UpreelError } from '../../core/errors.ts';
import type { S3Client } from './s3-client.ts';
import { uploadFile } from './s3-upload.ts';
import { allOf, textOf, unescapeXml } from './xml.ts';

export interface S3Listed {
  readonly way: string;
  readonly bytes: number;
}

export interface S3Facts {
  readonly bytes: number;
  /** What was said with it when it was put there: `x-amz-meta-...`, without that. */
  readonly told: Readonly<Record<string, string>>;
  /** When the file that it is was changed: as `mtime` tells, which rclone and others put, or when it was put. */
  readonly changedMs: number;
}

export interface PutOptions {
  readonly told?: Readonly<Record<string, string>>;
  /** Fails where there is something already. */
  readonly isNew?: boolean;
}

/** Fetched at once: what is lost when a connection breaks. */
const RANGE_BYTES = 64 * 1024 * 1024;
const MOST_PAGES = 10_000;
/** Names that people's own may be held against. */
export const MOST_LISTED = 1_000_000;

/** Objects below a store's prefix, by their ways. What is put is whole for all, or not there. */
export class S3Objects {
  readonly #client: S3Client;

  constructor(client: S3Client) {
    this.#client = client;
  }

  /** @returns null: there is none. */
  async look(way: string): Promise<S3Facts | null> {
    const { status, headers } = await this.#client.ask({ method: 'HEAD', way, expected: [404] });
    if (status === 404) return null;
    const told = toldIn(headers);
    const changedMs = 1000 * Number(told[MTIME] ?? Number.NaN);
    const putMs = Date.parse(headers['last-modified'] ?? '');
    const known = [changedMs, putMs].find((time) => Number.isFinite(time));
    return { bytes: Number(headers['content-length']), told, changedMs: known ?? 0 };
  }

  /** @returns null: there is none. @throws Error for one of more than `mostBytes` */
  async read(way: string, mostBytes: number): Promise<Buffer | null> {
    const chunks: Buffer[] = [];
    const take = async (body: IncomingMessage): Promise<string> => {
      chunks.length = 0;
      let bytes = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > mostBytes) throw new UpreelError('usage', `${way} has more than ${mostBytes} bytes.`);
        chunks.push(chunk);
      }
      return '';
    };
    const { status } = await this.#client.read({ method: 'GET', way, expected: [404] }, take);
    return status === 404 ? null : Buffer.concat(chunks);
  }

  /**
   * Writes an object to a new file, piece by piece: what came stays where a connection breaks.
   * @returns its SHA-256
   * @throws UpreelError `input-missing` if it is not there, `input-damaged` if it has not so many bytes; the system's
   * error.
   */
  async fetch(way: string, file: string, bytes: number): Promise<string> {
    const handle = await open(file, 'wx', 0o600);
    try {
      let hash = createHash('sha256');
      for (let from = 0; from < bytes; from += RANGE_BYTES) {
        const to = Math.min(bytes, from + RANGE_BYTES);
        const before = hash;
        const take = async (body: IncomingMessage): Promise<string> => {
          hash = before.copy();
          if (![bytes, null].includes(bytesOf(body))) throw this.#resized(way);
          if ((await writeFrom(body, handle, from, to, hash)) !== to) throw new Error('it ended too soon');
          return '';
        };
        const headers = { range: `bytes=${from}-${to - 1}` };
        const { status } = await this.#client.read({ method: 'GET', way, headers, expected: [404, 416] }, take);
        if (status === 416) throw this.#resized(way);
        if (status === 404) {
          throw new UpreelError('input-missing', `${way} is not in the store ${this.#client.place.address} any more.`);
        }
      }
      return hash.digest('hex');
    } finally {
      await handle.close();
    }
  }

  async put(way: string, content: string | Uint8Array): Promise<void> {
    await this.#client.ask({ method: 'PUT', way, body: typeof content === 'string' ? Buffer.from(content) : content });
  }

  /**
   * A file, in parts where it is large, and looked at when it is there.
   * @param sha256 what the file must be
   * @returns false: there was one already, where `isNew` is asked for.
   */
  async putFile(
    way: string,
    file: string,
    { bytes, sha256 }: { readonly bytes: number; readonly sha256: string },
    options: PutOptions = {},
  ): Promise<boolean> {
    const { told = {}, isNew = false } = options;
    const headers = headersFor(told);
    const isPut = await uploadFile(this.#client, { way, file, bytes, sha256, headers, isNew });
    if (!isPut) return false;
    const there = await this.look(way);
    if (there?.bytes === bytes) return true;
    throw new UpreelError('store-unreachable', `The store ${this.#client.place.address} did not keep ${way} whole.`, {
      hint: 'It is tried again; its own log may say why.',
    });
  }

  /**
   * All whose ways begin like this, in the order of their ways.
   * @throws UpreelError `usage` for more than `most`
   */
  async list(begin: string, most = Number.POSITIVE_INFINITY): Promise<readonly S3Listed[]> {
    const { prefix } = this.#client.place;
    const found: S3Listed[] = [];
    let token: string | null = null;
    for (let page = 0; page < MOST_PAGES; page++) {
      const more: Record<string, string> = token === null ? {} : { 'continuation-token': token };
      const query = { 'list-type': '2', prefix: `${prefix}${begin}`, ...more };
      const { text } = await this.#client.ask({ method: 'GET', query });
      for (const entry of allOf(text, 'Contents')) {
        const key = unescapeXml(textOf(entry, 'Key') ?? '');
        if (key.startsWith(`${prefix}${begin}`)) {
          found.push({ way: key.slice(prefix.length), bytes: Number(textOf(entry, 'Size')) });
        }
      }
      token = textOf(text, 'IsTruncated') === 'true' ? unescapeXml(textOf(text, 'NextContinuationToken') ?? '') : null;
      if (found.length > most) throw new UpreelError('usage', `More than ${most} names begin with ${begin}.`);
      if (token === null || token === '') break;
    }
    return found.sort((a, b) => (a.way < b.way ? -1 : a.way > b.way ? 1 : 0));
  }

  async remove(way: string): Promise<void> {
    await this.#client.ask({ method: 'DELETE', way, expected: [404] });
  }

  /** Asking again would not help. */
  #resized(way: string): UpreelError {
    return new UpreelError(
      'input-damaged',
      `${way} in the store ${this.#client.place.address} has another size than it had.`,
      { hint: 'It was replaced: submit the film again.' },
    );
  }
}

/** Of the whole object that a part comes from; null: that is not told. */
function bytesOf({ headers }: IncomingMessage): number | null {
  const { 'content-range': range, 'content-length': length = '' } = headers;
  // A server that knows no ranges sends everything.
  const [total] = /\d+$/.exec(range ?? length) ?? [];
  return total === undefined ? null : Number(total);
}

const META = 'x-amz-meta-';
/** What is said with an object of its file's time of change, in seconds since 1970 (rclone, "Modification times"). */
export const MTIME = 'mtime';

function headersFor(told: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(told).map(([name, value]) => [`${META}${name}`, value]));
}

function toldIn(headers: IncomingHttpHeaders): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => name.startsWith(META));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(META.length), String(value)]));
}

/** @returns where what came ends */
async function writeFrom(
  body: IncomingMessage,
  handle: FileHandle,
  from: number,
  to: number,
  hash: ReturnType<typeof createHash>,
): Promise<number> {
  let at = from;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (at + chunk.length > to) throw new UpreelError('input-damaged', 'The store sends more than it was asked for.');
    hash.update(chunk);
    await handle.write(chunk, 0, chunk.length, at);
    at += chunk.length;
  }
  return at;
}
