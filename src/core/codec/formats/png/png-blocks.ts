import { promisify } from 'node:util';
import { crc32, deflate, inflate } from 'node:zlib';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { bareExif, photoshopResources } from '../../metadata/metadata.ts';

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
 * Reads EXIF, XMP and IPTC where PNG has them (eXIf, iTXt) and where ImageMagick and exiftool put them ("Raw profile
 * type exif" and others, hexadecimal text), before the pixels or behind them. What is damaged or longer than 16 MiB is
 * left out.
 */
export async function readPngBlocks(source: ByteSource, chunks: AsyncIterable<PngChunk>): Promise<PngBlocks> {
  let [exif, xmp]: [Uint8Array | null, Uint8Array | null] = [null, null];
  let raw: Partial<PngBlocks> = {};
  // The first of each counts, and no other is unpacked.
  const wanted = new Set([XMP_KEYWORD, ...RAW_KINDS.map((kind) => RAW_KEYWORD + kind)]);
  for await (const { type, start, end } of chunks) {
    if (!TEXT_CHUNKS.has(type) && type !== 'eXIf') continue;
    const data = await readChunk(source, start, end);
    if (data === null) continue;
    if (type === 'eXIf') exif ??= bareExif(data);
    else {
      const keyword = data.toString('latin1', 0, Math.max(0, data.indexOf(0)));
      if (!wanted.delete(keyword)) continue;
      const text = await readText(type, data.subarray(keyword.length + 1));
      if (text === null) continue;
      if (keyword === XMP_KEYWORD) xmp = text;
      else raw = { ...parseRawProfile(text), ...raw };
    }
  }
  return { icc: raw.icc ?? null, exif: exif ?? raw.exif ?? null, xmp: xmp ?? raw.xmp ?? null, iptc: raw.iptc ?? null };
}

const TEXT_CHUNKS: ReadonlySet<string> = new Set(['tEXt', 'zTXt', 'iTXt']);
export const XMP_KEYWORD = 'XML:com.adobe.xmp';
const RAW_KEYWORD = 'Raw profile type ';
const RAW_KINDS = ['exif', 'APP1', 'xmp', 'iptc', '8bim', 'icc', 'icm'];
const MAX_BYTES = 16 * 1024 * 1024;

/** The data, null if the check sum says that they are damaged. */
async function readChunk(source: ByteSource, start: number, end: number): Promise<Buffer | null> {
  if (end - start > MAX_BYTES) return null;
  const bytes = await source.read(start, end - start);
  const isWhole = bytes.length === end - start && bytes.readUInt32BE(bytes.length - 4) === crc32(bytes.subarray(4, -4));
  return isWhole ? bytes.subarray(8, -4) : null;
}

/** What stands behind the keyword and its end. @see W3C PNG, third edition, section 11.3.3 */
async function readText(type: string, data: Buffer): Promise<Buffer | null> {
  if (type === 'tEXt') return data;
  const isPacked = type === 'zTXt' || data[0] === 1;
  // A compression method; in iTXt a flag before it, and a language and a translated keyword behind.
  const text = data.subarray(type === 'zTXt' ? 1 : behindNull(data, behindNull(data, 2)));
  if (!isPacked) return text;
  return await promisify(inflate)(text, { maxOutputLength: 2 * MAX_BYTES }).catch(() => null);
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
