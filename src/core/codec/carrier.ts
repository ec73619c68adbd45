import { type FileHandle, open, rm } from 'node:fs/promises';
import { endianness } from 'node:os';
import type { Size } from '../pixels/geometry.ts';
import { ifdBytes, type NewEntry, numberEntry, serialiseIfd, TYPE, writeUint } from './metadata/ifd.ts';

/** How a finished result's samples are laid out: interleaved, alpha last. */
export interface CarrierSamples {
  /** 1 to 4, alpha included. */
  readonly bands: number;
  readonly bytesPerSample: 1 | 2;
  readonly alpha: boolean;
}

/**
 * Finished rows on their way to libvips: an uncompressed BigTIFF of one or more pages, in memory while it is small and
 * in a file when it is not, so that libvips reads it row by row. All offsets are known before the first row, so the
 * bytes are only ever appended.
 */
export class Carrier {
  /** `file` is used, and must not exist, where the pixels take more than `memoryBytes`. */
  static async create(
    pages: readonly Size[],
    samples: CarrierSamples,
    file: string,
    memoryBytes: number,
  ): Promise<Carrier> {
    const head = describePages(pages, samples);
    const pixelBytes = pages.reduce((sum, size) => sum + pageBytes(size, samples), 0);
    const carrier =
      pixelBytes <= memoryBytes
        ? new Carrier({ kind: 'memory', bytes: Buffer.allocUnsafe(head.length + pixelBytes) }, pages, samples)
        : new Carrier({ kind: 'file', path: file, handle: await open(file, 'wx', 0o600) }, pages, samples);
    await carrier.write(head);
    return carrier;
  }

  readonly #store: Store;
  readonly #pages: readonly Size[];
  readonly #samples: CarrierSamples;
  #written = 0;

  private constructor(store: Store, pages: readonly Size[], samples: CarrierSamples) {
    this.#store = store;
    this.#pages = pages;
    this.#samples = samples;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#store.kind === 'memory') this.#store.bytes.set(bytes, this.#written);
    else await writeFully(this.#store.handle, bytes);
    this.#written += bytes.length;
  }

  /** What libvips is to open, after the last row. */
  async finish(): Promise<Buffer | string> {
    if (this.#store.kind === 'memory') return this.#store.bytes;
    await this.#store.handle.close();
    return this.#store.path;
  }

  /** A page's rows, a few at a time, after `finish`. */
  async *rows(page: number): AsyncIterable<Uint8Array> {
    const bytesOf = (size: Size) => pageBytes(size, this.#samples);
    const behind = this.#pages.slice(page).reduce((sum, size) => sum + bytesOf(size), 0);
    const [start, size] = [this.#written - behind, this.#pages[page]!];
    const rowBytes = bytesOf(size) / size.height;
    const blockBytes = Math.max(1, Math.floor(STRIP_BYTES / rowBytes)) * rowBytes;
    const file = this.#store.kind === 'file' ? await open(this.#store.path, 'r') : null;
    try {
      for (let at = 0; at < bytesOf(size); at += blockBytes) {
        const bytes = Math.min(blockBytes, bytesOf(size) - at);
        if (this.#store.kind === 'memory') yield this.#store.bytes.subarray(start + at, start + at + bytes);
        else yield (await file!.read(Buffer.alloc(bytes), 0, bytes, start + at)).buffer;
      }
    } finally {
      await file?.close();
    }
  }

  /** Removes the file, at any time. */
  async discard(): Promise<void> {
    if (this.#store.kind === 'memory') return;
    await this.#store.handle.close();
    await rm(this.#store.path, { force: true });
  }
}

type Store =
  | { readonly kind: 'memory'; readonly bytes: Buffer }
  | { readonly kind: 'file'; readonly path: string; readonly handle: FileHandle };

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}

const LAYOUT = { littleEndian: endianness() === 'LE', big: true };

/** Header and directories of all pages; their pixels follow in order. @see BigTIFF design, AWare Systems */
function describePages(pages: readonly Size[], samples: CarrierSamples): Buffer {
  const sizes = pages.map((size) => ifdBytes(pageEntries(size, samples, 0), true));
  const headBytes = sizes.reduce((sum, bytes) => sum + bytes, 16);
  const head = Buffer.alloc(16);
  head.write(LAYOUT.littleEndian ? 'II' : 'MM', 'latin1');
  writeUint(head, 2, 2, 43, LAYOUT.littleEndian);
  writeUint(head, 4, 2, 8, LAYOUT.littleEndian);
  writeUint(head, 8, 8, 16, LAYOUT.littleEndian);
  const parts: Uint8Array[] = [head];
  let directory = 16;
  let pixels = headBytes;
  pages.forEach((size, index) => {
    const next = directory + sizes[index]!;
    const isLast = index === pages.length - 1;
    parts.push(serialiseIfd(pageEntries(size, samples, pixels), LAYOUT, directory, isLast ? 0 : next));
    directory = next;
    pixels += pageBytes(size, samples);
  });
  return Buffer.concat(parts);
}

function pageEntries(size: Size, samples: CarrierSamples, pixels: number): NewEntry[] {
  const { bands, bytesPerSample, alpha } = samples;
  const rowBytes = size.width * bands * bytesPerSample;
  const rowsPerStrip = Math.max(1, Math.floor(STRIP_BYTES / rowBytes));
  const strips = Math.ceil(size.height / rowsPerStrip);
  const stripRows = (strip: number) => Math.min(rowsPerStrip, size.height - strip * rowsPerStrip);
  const list = (count: number, item: (index: number) => number) =>
    Array.from({ length: count }, (_, index) => item(index));
  const entry = (tag: number, type: number, numbers: number[]) => numberEntry(tag, type, numbers, LAYOUT.littleEndian);
  return [
    entry(0x100, TYPE.long, [size.width]),
    entry(0x101, TYPE.long, [size.height]),
    entry(
      0x102,
      TYPE.short,
      list(bands, () => bytesPerSample * 8),
    ),
    entry(0x103, TYPE.short, [1]), // not compressed
    entry(0x106, TYPE.short, [bands >= 3 ? 2 : 1]), // RGB, or gray with 0 as black
    entry(
      0x111,
      TYPE.long8,
      list(strips, (strip) => pixels + strip * rowsPerStrip * rowBytes),
    ),
    entry(0x115, TYPE.short, [bands]),
    entry(0x116, TYPE.long, [rowsPerStrip]),
    entry(
      0x117,
      TYPE.long8,
      list(strips, (strip) => stripRows(strip) * rowBytes),
    ),
    ...(alpha ? [entry(0x152, TYPE.short, [2])] : []), // not multiplied into the colour
  ];
}

const STRIP_BYTES = 256 * 1024;

function pageBytes(size: Size, { bands, bytesPerSample }: CarrierSamples): number {
  return size.width * size.height * bands * bytesPerSample;
}
