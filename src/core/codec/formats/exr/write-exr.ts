import { type FileHandle, open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { samplesOf } from '../../../pixels/raster.ts';
import { bandsOf, type RowFile, type RowPicture, writeAt } from '../../definition/row-picture.ts';
import type { Effort } from '../../effort.ts';
import { channelNames, exrHead } from './exr-head.ts';
import { halfBits } from './half.ts';

/**
 * OpenEXR: rows of linear light, alpha multiplied into it, in ZIP blocks of 16 rows. 8-bit samples become half floats
 * and 16-bit ones floats, which give them back to the level (docs/stills.md).
 * @see "OpenEXR File Layout", and "Technical Introduction to OpenEXR" for alpha
 */
export async function createExr(path: string, picture: RowPicture): Promise<RowFile> {
  const file = await open(path, 'wx');
  const head = exrHead(picture);
  const blocks = Math.ceil(picture.height / BLOCK_ROWS);
  await writeAt(file, head, 0);
  return new ExrFile(path, file, picture, head.length, blocks);
}

const BLOCK_ROWS = 16;

class ExrFile implements RowFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #picture: RowPicture;
  readonly #tableAt: number;
  readonly #levels: LinearLevels;
  readonly #offsets: Buffer;
  readonly #pending: Uint8Array<ArrayBuffer>;
  #pendingBytes = 0;
  #block = 0;
  #end: number;

  constructor(path: string, file: FileHandle, picture: RowPicture, tableAt: number, blocks: number) {
    this.#path = path;
    this.#file = file;
    this.#picture = picture;
    this.#tableAt = tableAt;
    this.#levels = linearLevels(picture.bytesPerSample);
    this.#offsets = Buffer.alloc(blocks * 8);
    this.#pending = new Uint8Array(this.#rowBytes * Math.min(BLOCK_ROWS, picture.height));
    this.#end = tableAt + this.#offsets.length;
  }

  get #rowBytes(): number {
    return this.#picture.width * bandsOf(this.#picture) * this.#picture.bytesPerSample;
  }

  async write(rows: Uint8Array): Promise<void> {
    for (let at = 0; at < rows.length; ) {
      const taken = rows.subarray(at, at + this.#pending.length - this.#pendingBytes);
      this.#pending.set(taken, this.#pendingBytes);
      this.#pendingBytes += taken.length;
      at += taken.length;
      if (this.#pendingBytes === this.#pending.length) await this.#writeBlock();
    }
  }

  async finish(): Promise<string> {
    if (this.#pendingBytes > 0) await this.#writeBlock();
    await writeAt(this.#file, this.#offsets, this.#tableAt);
    await this.discard();
    return this.#path;
  }

  discard(): Promise<void> {
    return this.#file.close();
  }

  async #writeBlock(): Promise<void> {
    const { effort } = this.#picture;
    const rows = this.#pendingBytes / this.#rowBytes;
    const planes = linearRows(this.#pending.subarray(0, this.#pendingBytes), rows, this.#picture, this.#levels);
    const packed = await promisify(deflate)(predicted(planes), { level: ZIP_LEVEL[effort] });
    const data = packed.length < planes.length ? packed : planes;
    const head = Buffer.alloc(8);
    head.writeInt32LE(this.#block * BLOCK_ROWS, 0);
    head.writeInt32LE(data.length, 4);
    this.#offsets.writeBigUInt64LE(BigInt(this.#end), this.#block * 8);
    await writeAt(this.#file, Buffer.concat([head, data]), this.#end);
    this.#end += 8 + data.length;
    this.#block += 1;
    this.#pendingBytes = 0;
  }
}

const ZIP_LEVEL: Readonly<Record<Effort, number>> = { fast: 1, balanced: 4, best: 9 };

interface LinearLevels {
  /** Linear light of each level, 0 to 1. */
  readonly linear: Float64Array;
  /** As the file has it: the bits of a half, or a float. */
  readonly stored: Uint16Array | Float32Array;
}

/** @see IEC 61966-2-1 */
function linearLevels(bytesPerSample: 1 | 2): LinearLevels {
  const top = bytesPerSample === 1 ? 255 : 65_535;
  const linear = Float64Array.from({ length: top + 1 }, (_, level) => {
    const value = level / top;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return { linear, stored: bytesPerSample === 1 ? Uint16Array.from(linear, halfBits) : Float32Array.from(linear) };
}

/** Row by row all samples of a channel, then of the next. */
function linearRows(rows: Uint8Array, count: number, picture: RowPicture, levels: LinearLevels): Uint8Array {
  const { width, channels, alpha, bytesPerSample } = picture;
  const bands = bandsOf(picture);
  const source = samplesOf({ data: rows, bytesPerSample });
  const names = channelNames(picture);
  const samples = count * width * names.length;
  const out = bytesPerSample === 1 ? new Uint16Array(samples) : new Float32Array(samples);
  for (let row = 0, to = 0; row < count; row++) {
    const own = source.subarray(row * width * bands, (row + 1) * width * bands);
    for (const name of names) {
      const band = name === 'A' ? bands - 1 : channels === 1 ? 0 : 'RGB'.indexOf(name);
      const place = out.subarray(to, to + width);
      if (alpha) storeMultiplied(own, { band, bands, isAlpha: name === 'A' }, levels, place);
      else for (let pixel = 0, at = band; pixel < width; pixel++, at += bands) place[pixel] = levels.stored[own[at]!]!;
      to += width;
    }
  }
  const bytes = Buffer.from(out.buffer);
  if (endianness() === 'LE') return bytes;
  return bytesPerSample === 1 ? bytes.swap16() : bytes.swap32();
}

/** One channel of a row, times its alpha. */
function storeMultiplied(
  source: Uint8Array | Uint16Array,
  { band, bands, isAlpha }: { band: number; bands: number; isAlpha: boolean },
  { linear }: LinearLevels,
  to: Uint16Array | Float32Array,
): void {
  const top = linear.length - 1;
  const isHalf = to instanceof Uint16Array;
  for (let pixel = 0, at = 0; pixel < to.length; pixel++, at += bands) {
    const opacity = source[at + bands - 1]! / top;
    const value = isAlpha ? opacity : linear[source[at + band]!]! * opacity;
    to[pixel] = isHalf ? halfBits(value) : value;
  }
}

/** Low and high bytes apart, and each as its difference from the one before, plus 128. */
function predicted(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const half = Math.ceil(bytes.length / 2);
  let before = 0;
  for (let at = 0; at < bytes.length; at++) {
    const value = bytes[at < half ? at * 2 : (at - half) * 2 + 1]!;
    out[at] = at === 0 ? value : value - before + 128;
    before = value;
  }
  return out;
}
