import type { ByteSource } from '../bytes/byte-source.ts';

/** How a TIFF structure (a TIFF file or an EXIF block) is laid out. BigTIFF has 8-byte offsets. */
export interface TiffLayout {
  readonly littleEndian: boolean;
  readonly big: boolean;
  readonly firstIfd: number;
}

/** One tag. `value` holds `count` items of `type` in the layout's byte order. */
export interface IfdEntry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly value: Buffer;
  /** Where the entry's 12 (BigTIFF: 20) bytes lie in the source. */
  readonly at: number;
}

export interface Ifd {
  readonly entries: readonly IfdEntry[];
  /** Offset of the next directory, 0 for none, and where that offset is written. */
  readonly next: number;
  readonly nextAt: number;
}

export const TYPE = { byte: 1, ascii: 2, short: 3, long: 4, rational: 5, undefined: 7, long8: 16 } as const;

/** Bytes per item of field types 0 to 18 (TIFF 6.0 section 2; BigTIFF adds 16 to 18); 0: no such type. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

const MAX_ENTRIES = 1024;

/** null if the bytes are no TIFF structure. */
export async function readTiffLayout(source: ByteSource): Promise<TiffLayout | null> {
  const head = await source.read(0, 16);
  const mark = head.toString('latin1', 0, 2);
  if (head.length < 8 || (mark !== 'II' && mark !== 'MM')) return null;
  const littleEndian = mark === 'II';
  const version = readUint(head, 2, 2, littleEndian);
  if (version === 42) return { littleEndian, big: false, firstIfd: readUint(head, 4, 4, littleEndian) };
  if (version === 43 && head.length === 16) {
    return { littleEndian, big: true, firstIfd: readUint(head, 8, 8, littleEndian) };
  }
  return null;
}

/**
 * Reads one directory. Entries that are cut off or of an unknown type are left out, and so are those whose values would
 * take more than `budgetBytes` together. null: no directory there.
 */
export async function readIfd(
  source: ByteSource,
  layout: TiffLayout,
  offset: number,
  budgetBytes: number,
): Promise<Ifd | null> {
  const { littleEndian, big } = layout;
  const countBytes = big ? 8 : 2;
  const entryBytes = big ? 20 : 12;
  if (offset < 8 || offset + countBytes > source.size) return null;
  const count = readUint(await source.read(offset, countBytes), 0, countBytes, littleEndian);
  if (count === 0 || count > MAX_ENTRIES) return null;
  const table = await source.read(offset + countBytes, count * entryBytes + (big ? 8 : 4));
  if (table.length < count * entryBytes) return null;
  const entries: IfdEntry[] = [];
  let left = budgetBytes;
  for (let index = 0; index < count; index++) {
    const at = index * entryBytes;
    const tag = readUint(table, at, 2, littleEndian);
    const type = readUint(table, at + 2, 2, littleEndian);
    const items = readUint(table, at + 4, big ? 8 : 4, littleEndian);
    const bytes = items * (TYPE_BYTES[type] ?? 0);
    if (bytes === 0 || bytes > left) continue;
    left -= bytes;
    const field = at + (big ? 12 : 8);
    const inline = bytes <= (big ? 8 : 4);
    const value = inline
      ? table.subarray(field, field + bytes)
      : await source.read(readUint(table, field, big ? 8 : 4, littleEndian), bytes);
    if (value.length === bytes) entries.push({ tag, type, count: items, value, at: offset + countBytes + at });
  }
  const nextAt = count * entryBytes;
  const next = table.length < nextAt + (big ? 8 : 4) ? 0 : readUint(table, nextAt, big ? 8 : 4, littleEndian);
  return { entries, next, nextAt: offset + countBytes + nextAt };
}

/** An entry's items as numbers; rationals as quotients. Types that are not numeric give []. */
export function entryNumbers(entry: IfdEntry | undefined, littleEndian: boolean): number[] {
  if (entry === undefined) return [];
  const { value, type } = entry;
  const size = TYPE_BYTES[type] || 1;
  const numbers: number[] = [];
  for (let at = 0; at + size <= value.length; at += size) {
    if (type === TYPE.rational)
      numbers.push(readUint(value, at, 4, littleEndian) / readUint(value, at + 4, 4, littleEndian));
    else if ([1, 3, 4, 13, 16, 18].includes(type)) numbers.push(readUint(value, at, size, littleEndian));
    else return [];
  }
  return numbers;
}

export function findEntry(ifd: Pick<Ifd, 'entries'>, tag: number): IfdEntry | undefined {
  return ifd.entries.find((entry) => entry.tag === tag);
}

export type NewEntry = Pick<IfdEntry, 'tag' | 'type' | 'count' | 'value'>;

/** Makes an entry of numbers; a rational takes the nearest fraction over 10,000. */
export function numberEntry(tag: number, type: number, numbers: readonly number[], littleEndian: boolean): NewEntry {
  const size = TYPE_BYTES[type] || 1;
  const value = Buffer.alloc(numbers.length * size);
  numbers.forEach((number, index) => {
    if (type === TYPE.rational) {
      const whole = Number.isInteger(number);
      writeUint(value, index * 8, 4, whole ? number : Math.round(number * 10_000), littleEndian);
      writeUint(value, index * 8 + 4, 4, whole ? 1 : 10_000, littleEndian);
    } else writeUint(value, index * size, size, number, littleEndian);
  });
  return { tag, type, count: numbers.length, value };
}

export function bytesEntry(tag: number, type: number, bytes: Uint8Array): NewEntry {
  return { tag, type, count: bytes.length, value: Buffer.from(bytes) };
}

/** The same entry in the other byte order. Items of one byte, and "undefined" ones, stay as they are. */
export function swapEntry(entry: IfdEntry): NewEntry {
  const size = TYPE_BYTES[entry.type] || 1;
  const unit = entry.type === 5 || entry.type === 10 ? 4 : size;
  const value = Buffer.from(entry.value);
  if (unit === 2) value.swap16();
  else if (unit === 4) value.swap32();
  else if (unit === 8) value.swap64();
  return { ...entry, value };
}

/** Bytes that `serialiseIfd` will take. */
export function ifdBytes(entries: readonly NewEntry[], big: boolean): number {
  const table = big ? 8 + entries.length * 20 + 8 : 2 + entries.length * 12 + 4;
  return entries.reduce((sum, { value }) => sum + outOfLineBytes(value.length, big), table);
}

/** A directory with its values behind it, to be written at `offset` (even) of the file. */
export function serialiseIfd(
  entries: readonly NewEntry[],
  layout: Pick<TiffLayout, 'littleEndian' | 'big'>,
  offset: number,
  next: number,
): Buffer {
  const { littleEndian, big } = layout;
  const sorted = [...entries].sort((a, b) => a.tag - b.tag);
  const out = Buffer.alloc(ifdBytes(sorted, big));
  const countBytes = big ? 8 : 2;
  const offsetBytes = big ? 8 : 4;
  writeUint(out, 0, countBytes, sorted.length, littleEndian);
  let field = countBytes;
  let values = countBytes + sorted.length * (big ? 20 : 12) + offsetBytes;
  for (const { tag, type, count, value } of sorted) {
    writeUint(out, field, 2, tag, littleEndian);
    writeUint(out, field + 2, 2, type, littleEndian);
    writeUint(out, field + 4, offsetBytes, count, littleEndian);
    const valueAt = field + 4 + offsetBytes;
    if (value.length <= offsetBytes) value.copy(out, valueAt);
    else {
      writeUint(out, valueAt, offsetBytes, offset + values, littleEndian);
      value.copy(out, values);
      values += outOfLineBytes(value.length, big);
    }
    field = valueAt + offsetBytes;
  }
  writeUint(out, field, offsetBytes, next, littleEndian);
  return out;
}

/** Where in a serialised directory the offset of the next one stands. */
export function linkOffset(ifd: Buffer, { littleEndian, big }: Pick<TiffLayout, 'littleEndian' | 'big'>): number {
  return big ? 8 + readUint(ifd, 0, 8, littleEndian) * 20 : 2 + readUint(ifd, 0, 2, littleEndian) * 12;
}

function outOfLineBytes(bytes: number, big: boolean): number {
  return bytes <= (big ? 8 : 4) ? 0 : bytes + (bytes % 2);
}

export function readUint(buffer: Buffer, at: number, bytes: number, littleEndian: boolean): number {
  if (bytes === 8) {
    return Number(littleEndian ? buffer.readBigUInt64LE(at) : buffer.readBigUInt64BE(at));
  }
  return littleEndian ? buffer.readUIntLE(at, bytes) : buffer.readUIntBE(at, bytes);
}

export function writeUint(buffer: Buffer, at: number, bytes: number, value: number, littleEndian: boolean): void {
  if (bytes === 8) {
    if (littleEndian) buffer.writeBigUInt64LE(BigInt(value), at);
    else buffer.writeBigUInt64BE(BigInt(value), at);
  } else if (littleEndian) buffer.writeUIntLE(value, at, bytes);
  else buffer.writeUIntBE(value, at, bytes);
}
