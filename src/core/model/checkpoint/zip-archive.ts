import { crc32, inflateRawSync } from 'node:zlib';
import { refused } from '../import/refusal.ts';

interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly headerOffset: number;
  readonly dataOffset: number;
}

/**
 * A zip file in memory, read strictly: what the directory at the end says must agree with every entry's own header,
 * no two entries share a name or a byte, and no entry inflates beyond what it declares. Two readers of such a file
 * see the same content, so that a scanner and we cannot be shown different ones.
 */
export class ZipArchive {
  readonly #bytes: Uint8Array;
  readonly #entries: ReadonlyMap<string, ZipEntry>;

  /** @throws UpreelError `model-refused` */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#entries = readDirectory(bytes);
  }

  static looksLikeOne(bytes: Uint8Array): boolean {
    return bytes.length >= 4 && viewOf(bytes).getUint32(0, true) === LOCAL_HEADER;
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Declared size, or undefined if there is no such entry. */
  sizeOf(name: string): number | undefined {
    return this.#entries.get(name)?.size;
  }

  /** @throws UpreelError `model-refused` if there is no such entry or its content is not what it declares */
  read(name: string): Uint8Array {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw refused(`its zip has no entry ${name}.`);
    const stored = this.#bytes.subarray(entry.dataOffset, entry.dataOffset + entry.compressedSize);
    const content = entry.method === STORED ? stored : inflate(stored, entry);
    if (crc32(content) !== entry.crc) throw refused(`the checksum of ${name} in its zip is wrong.`);
    return content;
  }
}

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_HEADER = 0x02014b50;
const DIRECTORY_END = 0x06054b50;
const DIRECTORY_END_64 = 0x06064b50;
const DIRECTORY_LOCATOR_64 = 0x07064b50;
const STORED = 0;
const DEFLATED = 8;

const MAX_ENTRIES = 100_000;
/** Trained weights hardly compress; only zeros do better than 100 to 1, and nobody ships many of those. */
const MAX_ENTRY_RATIO = 100;
const MAX_RATIO = 20;
const FREE_ENTRY_BYTES = 1024 * 1024;
const FREE_BYTES = 16 * FREE_ENTRY_BYTES;

interface Directory {
  readonly count: number;
  readonly offset: number;
  readonly size: number;
}

function readDirectory(bytes: Uint8Array): Map<string, ZipEntry> {
  const view = viewOf(bytes);
  const directory = findDirectory(view);
  const entries = new Map<string, ZipEntry>();
  let position = directory.offset;
  let inflated = 0;
  for (let index = 0; index < directory.count; index++) {
    const { entry, next } = readEntry(bytes, view, position, directory);
    if (entries.has(entry.name)) throw refused(`its zip has two entries named ${entry.name}.`);
    inflated += entry.size;
    if (inflated > bytes.length * MAX_RATIO + FREE_BYTES) {
      throw refused(`its zip of ${bytes.length} bytes would inflate to ${inflated} and more.`);
    }
    entries.set(entry.name, entry);
    position = next;
  }
  if (position !== directory.offset + directory.size) throw refused('the directory of its zip has another length.');
  refuseOverlaps([...entries.values()], directory);
  return entries;
}

function findDirectory(view: DataView): Directory {
  const last = view.byteLength - 22;
  for (let position = last; position >= Math.max(0, last - 0xffff); position--) {
    if (view.getUint32(position, true) !== DIRECTORY_END) continue;
    if (position + 22 + view.getUint16(position + 20, true) !== view.byteLength) continue;
    const plain = {
      count: view.getUint16(position + 10, true),
      size: view.getUint32(position + 12, true),
      offset: view.getUint32(position + 16, true),
    };
    if (view.getUint16(position + 8, true) !== plain.count) throw refused('its zip is split over several disks.');
    const { directory, end } = readDirectory64(view, position, plain);
    if (directory.count > MAX_ENTRIES) throw refused(`its zip has ${directory.count} entries.`);
    if (directory.offset + directory.size !== end) throw refused('the directory of its zip is not where it should be.');
    return directory;
  }
  throw refused('it begins like a zip but has no directory at its end: the file is cut off.');
}

/** The 64-bit record that torch writes always; both must say the same where the plain one can. */
function readDirectory64(view: DataView, end: number, plain: Directory): { directory: Directory; end: number } {
  const locator = end - 20;
  if (locator < 0 || view.getUint32(locator, true) !== DIRECTORY_LOCATOR_64) return { directory: plain, end };
  const position = safeNumber(view, locator + 8);
  if (position + 56 > locator || view.getUint32(position, true) !== DIRECTORY_END_64) {
    throw refused('the 64-bit directory of its zip is not where it should be.');
  }
  const directory = {
    count: safeNumber(view, position + 32),
    size: safeNumber(view, position + 40),
    offset: safeNumber(view, position + 48),
  };
  const agree =
    (plain.count === 0xffff || plain.count === directory.count) &&
    (plain.size === 0xffffffff || plain.size === directory.size) &&
    (plain.offset === 0xffffffff || plain.offset === directory.offset);
  if (!agree) throw refused('the two directories of its zip disagree.');
  return { directory, end: position };
}

function readEntry(bytes: Uint8Array, view: DataView, position: number, directory: Directory) {
  const end = directory.offset + directory.size;
  if (position + 46 > end || view.getUint32(position, true) !== DIRECTORY_HEADER) {
    throw refused('the directory of its zip is damaged.');
  }
  const nameLength = view.getUint16(position + 28, true);
  const extraLength = view.getUint16(position + 30, true);
  const next = position + 46 + nameLength + extraLength + view.getUint16(position + 32, true);
  if (next > end) throw refused('the directory of its zip is cut off.');
  const name = Buffer.from(bytes.subarray(position + 46, position + 46 + nameLength)).toString('latin1');
  const sizes = readSizes64(view, position, position + 46 + nameLength, extraLength);
  const method = view.getUint16(position + 10, true);
  if ((view.getUint16(position + 8, true) & 1) !== 0) throw refused(`${name} in its zip is encrypted.`);
  if (method !== STORED && method !== DEFLATED) throw refused(`${name} in its zip is packed by method ${method}.`);
  if (method === STORED && sizes.size !== sizes.compressedSize) throw refused(`${name} in its zip has two sizes.`);
  if (sizes.size > sizes.compressedSize * MAX_ENTRY_RATIO + FREE_ENTRY_BYTES) {
    throw refused(`${name} in its zip would inflate from ${sizes.compressedSize} to ${sizes.size} bytes.`);
  }
  const header = { name, method, crc: view.getUint32(position + 16, true), ...sizes };
  return { entry: { ...header, dataOffset: checkLocalHeader(bytes, view, header, directory) }, next };
}

function readSizes64(view: DataView, position: number, extra: number, extraLength: number) {
  const plain = [
    view.getUint32(position + 24, true),
    view.getUint32(position + 20, true),
    view.getUint32(position + 42, true),
  ];
  const wide = plain.map((value) => (value === 0xffffffff ? undefined : value));
  for (
    let at = extra;
    wide.includes(undefined) && at + 4 <= extra + extraLength;
    at += 4 + view.getUint16(at + 2, true)
  ) {
    if (view.getUint16(at, true) !== 1) continue;
    let field = at + 4;
    for (let index = 0; index < wide.length; index++) {
      if (wide[index] !== undefined || field + 8 > extra + extraLength) continue;
      wide[index] = safeNumber(view, field);
      field += 8;
    }
    break;
  }
  const [size, compressedSize, headerOffset] = wide;
  if (size === undefined || compressedSize === undefined || headerOffset === undefined) {
    throw refused('the directory of its zip lacks a size.');
  }
  return { size, compressedSize, headerOffset };
}

/** Returns where the entry's data begins. Sizes of zero are those that follow the data (bit 3). */
function checkLocalHeader(
  bytes: Uint8Array,
  view: DataView,
  entry: Omit<ZipEntry, 'dataOffset'>,
  directory: Directory,
) {
  const at = entry.headerOffset;
  if (at + 30 > directory.offset || view.getUint32(at, true) !== LOCAL_HEADER) {
    throw refused(`${entry.name} is not where the directory of its zip says.`);
  }
  const nameLength = view.getUint16(at + 26, true);
  const dataOffset = at + 30 + nameLength + view.getUint16(at + 28, true);
  if (dataOffset + entry.compressedSize > directory.offset) throw refused(`${entry.name} in its zip is cut off.`);
  const name = Buffer.from(bytes.subarray(at + 30, at + 30 + nameLength)).toString('latin1');
  const follows = (view.getUint16(at + 6, true) & 8) !== 0;
  const agrees = (value: number, expected: number) =>
    value === expected || value === 0xffffffff || (follows && value === 0);
  const same =
    name === entry.name &&
    view.getUint16(at + 8, true) === entry.method &&
    agrees(view.getUint32(at + 14, true), entry.crc) &&
    agrees(view.getUint32(at + 18, true), entry.compressedSize) &&
    agrees(view.getUint32(at + 22, true), entry.size);
  if (!same) throw refused(`the header of ${entry.name} and the directory of its zip disagree.`);
  return dataOffset;
}

function refuseOverlaps(entries: readonly ZipEntry[], directory: Directory): void {
  const sorted = entries.toSorted((a, b) => a.headerOffset - b.headerOffset);
  sorted.forEach((entry, index) => {
    const end = sorted[index + 1]?.headerOffset ?? directory.offset;
    if (entry.dataOffset + entry.compressedSize > end)
      throw refused(`${entry.name} overlaps another entry of its zip.`);
  });
}

function inflate(packed: Uint8Array, entry: ZipEntry): Uint8Array {
  let content: Uint8Array;
  try {
    // One byte of room, because zlib reports a buffer that was filled exactly in the same way as one too small.
    content = inflateRawSync(packed, { maxOutputLength: entry.size + 1 });
  } catch (error) {
    throw refused(`${entry.name} in its zip cannot be unpacked to the ${entry.size} bytes it declares.`, error);
  }
  if (content.length !== entry.size) {
    throw refused(`${entry.name} in its zip unpacks to ${content.length} bytes, not ${entry.size}.`);
  }
  return content;
}

function safeNumber(view: DataView, position: number): number {
  const value = view.getBigUint64(position, true);
  if (value > BigInt(view.byteLength) * 2n ** 10n) throw refused('its zip has an absurd size.');
  return Number(value);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
