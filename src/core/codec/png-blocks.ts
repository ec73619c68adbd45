import { promisify } from 'node:util';
import { crc32, deflate, inflate } from 'node:zlib';
import type { ByteSource } from './byte-source.ts';
import { bareExif, photoshopResources } from './metadata.ts';

/** What a PNG file says beside its pixels; null: nothing. */
export interface PngBlocks {
  /** Where libvips does not find it: in text. */
  readonly icc: Uint8Array | null;
  readonly exif: Uint8Array | null;
  readonly xmp: Uint8Array | null;
  /** Photoshop resources. */
  readonly iptc: Uint8Array | null;
}

/** Where a chunk lies in its file, from its length to its check sum. */
export interface PngChunk {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Reads EXIF, XMP and IPTC where PNG has them (eXIf, iTXt) and where ImageMagick and exiftool put them ("Raw profile type
 * exif" and others, hexadecimal text), before the pixels or behind them. What is damaged or longer than 16 MiB is left out.
 */
export async function readPngBlocks(source: ByteSource, chunks: AsyncIterable<PngChunk>): Promise<PngBlocks> {
  let [exif, xmp]: [Uint8Array | null, Uint8Array | null] = [null, null];
  let raw: Partial<PngBlocks> = {};
  for await (const { type, start, end } of chunks) {
    if (!TEXT_CHUNKS.has(type) && type !== 'eXIf') continue;
    const data = await readChunk(source, start, end);
    if (data === null) continue;
    if (type === 'eXIf') exif ??= bareExif(data);
    else {
      const text = await readText(type, data);
      if (text?.keyword === XMP_KEYWORD) xmp ??= text.value;
      else if (text?.keyword.startsWith(RAW_KEYWORD)) raw = { ...parseRawProfile(text.value), ...raw };
    }
  }
  return { icc: raw.icc ?? null, exif: exif ?? raw.exif ?? null, xmp: xmp ?? raw.xmp ?? null, iptc: raw.iptc ?? null };
}

const TEXT_CHUNKS: ReadonlySet<string> = new Set(['tEXt', 'zTXt', 'iTXt']);
export const XMP_KEYWORD = 'XML:com.adobe.xmp';
const RAW_KEYWORD = 'Raw profile type ';
const MAX_BYTES = 16 * 1024 * 1024;

/** The data, null if the check sum says that they are damaged. */
async function readChunk(source: ByteSource, start: number, end: number): Promise<Buffer | null> {
  if (end - start > MAX_BYTES) return null;
  const bytes = await source.read(start, end - start);
  const isWhole = bytes.length === end - start && bytes.readUInt32BE(bytes.length - 4) === crc32(bytes.subarray(4, -4));
  return isWhole ? bytes.subarray(8, -4) : null;
}

/** @see W3C PNG, third edition, section 11.3.3 */
async function readText(type: string, data: Buffer): Promise<{ keyword: string; value: Buffer } | null> {
  const keyEnd = data.indexOf(0);
  if (keyEnd < 1) return null;
  const keyword = data.toString('latin1', 0, keyEnd);
  if (type === 'tEXt') return { keyword, value: data.subarray(keyEnd + 1) };
  const isPacked = type === 'zTXt' || data[keyEnd + 1] === 1;
  // A compression method; in iTXt a flag before it, and a language and a translated keyword behind.
  const start = type === 'zTXt' ? keyEnd + 2 : behindNull(data, behindNull(data, keyEnd + 3));
  const value = data.subarray(start);
  if (!isPacked) return { keyword, value };
  const unpacked = await promisify(inflate)(value, { maxOutputLength: 2 * MAX_BYTES }).catch(() => null);
  return unpacked === null ? null : { keyword, value: unpacked };
}

function behindNull(data: Buffer, from: number): number {
  const at = data.indexOf(0, from);
  return at < 0 ? data.length : at + 1;
}

/** A line with what it is, a line with its length, and hexadecimal lines. */
function parseRawProfile(text: Buffer): Partial<PngBlocks> {
  const [, kind = '', length = '', digits = ''] =
    /^\n?([^\n]*)\n\s*(\d+)\s*\n([\s\S]*)$/.exec(text.toString('latin1')) ?? [];
  const bytes = Buffer.from(digits.replace(/\s+/g, ''), 'hex');
  if (bytes.length === 0 || bytes.length !== Number(length)) return {};
  switch (kind.trim().toLowerCase()) {
    case 'exif':
    case 'app1':
      return bytes.subarray(0, XMP_MARK.length).equals(XMP_MARK)
        ? { xmp: bytes.subarray(XMP_MARK.length) }
        : { exif: bareExif(bytes) };
    case 'xmp':
      return { xmp: bytes };
    case 'iptc':
    case '8bim':
      return { iptc: photoshopResources(bytes) };
    case 'icc':
    case 'icm':
      return { icc: bytes };
    default:
      return {};
  }
}

const XMP_MARK = Buffer.from('http://ns.adobe.com/xap/1.0/\0', 'latin1');

/** The data of a zTXt chunk with Photoshop resources, as ImageMagick writes and exiftool and it read them. */
export async function iptcText(iptc: Uint8Array): Promise<Buffer> {
  const lines = Buffer.from(iptc)
    .toString('hex')
    .replace(/.{72}(?=.)/g, '$&\n');
  const text = `\niptc\n${String(iptc.length).padStart(8)}\n${lines}\n`;
  return Buffer.concat([Buffer.from(`${RAW_KEYWORD}iptc\0\0`, 'latin1'), await promisify(deflate)(text)]);
}
