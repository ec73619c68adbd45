import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import type { Size } from '../../../pixels/geometry.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { type Box, boxesOf, readBox } from '../../bytes/iso-boxes.ts';
import type { FfmpegKind } from '../../definition/ffmpeg-kind.ts';
import { damagedPicture } from '../../libvips.ts';
import { bareExif } from '../../metadata/metadata.ts';

/** JPEG XL, bare or in its container. The decoder turns the picture upright. @see ISO/IEC 18181-1 and -2 */
export const jxlReader: FfmpegKind = {
  by: 'ffmpeg',
  demuxer: 'jpegxl_pipe',
  async readHeader(source, path) {
    const isBare = (await source.read(0, 2)).readUInt16BE(0) === 0xff0a;
    const { head, exif, xmp, warnings } = isBare ? await readBare(source) : await readContainer(source, path);
    const facts = readCodestreamHeader(head, path);
    return {
      size: facts.size,
      metadata: { exif, xmp },
      warnings: [
        ...warnings,
        ...(facts.animated ? [`${path} is an animated JPEG XL: only its first picture is read.`] : []),
      ],
      profileInDecoder: true,
    };
  },
};

interface Content {
  /** The first bytes of the codestream. */
  readonly head: Buffer;
  readonly exif: Uint8Array | null;
  readonly xmp: Uint8Array | null;
  readonly warnings: readonly string[];
}

async function readBare(source: ByteSource): Promise<Content> {
  return { head: await source.read(0, HEAD_BYTES), exif: null, xmp: null, warnings: [] };
}

const HEAD_BYTES = 64;

async function readContainer(source: ByteSource, path: string): Promise<Content> {
  const [heads, warnings]: [Buffer[], string[]] = [[], []];
  let exif: Uint8Array | null = null;
  let xmp: Uint8Array | null = null;
  for await (const box of boxesOf(source, 0, source.size)) {
    if (box.end > source.size) throw damagedPicture(path);
    if (box.type === 'jxlc') heads.push(await source.read(box.start, Math.min(HEAD_BYTES, box.end - box.start)));
    if (box.type === 'jxlp') {
      // The number of the part comes first.
      heads.push(await source.read(box.start + 4, Math.max(0, Math.min(HEAD_BYTES, box.end - box.start - 4))));
    }
    const { type, content } = await readMetadata(source, box);
    if (type === 'Exif' && content !== null) exif ??= exifIn(content);
    if (type === 'xml ' && content !== null) xmp ??= content;
    if (type !== null && content === null)
      warnings.push(`The ${type.trim()} data of ${path} cannot be read: they were left out.`);
  }
  const head = Buffer.concat(heads);
  if (head.length === 0) throw damagedPicture(path);
  return { head, exif, xmp, warnings };
}

/** A number says where the data begin behind it; some writers leave it out. */
function exifIn(content: Buffer): Uint8Array | null {
  const isBare = ['II*\0', 'MM\0*'].includes(content.toString('latin1', 0, 4));
  const exif = bareExif(content.subarray(isBare ? 0 : 4 + content.readUInt32BE(0)));
  return exif.length < 8 ? null : exif;
}

/** @returns type null: the box is none of those that are kept */
async function readMetadata(
  source: ByteSource,
  box: Box,
): Promise<{ type: 'Exif' | 'xml ' | null; content: Buffer | null }> {
  const packedType = box.type === 'brob' ? (await source.read(box.start, 4)).toString('latin1') : null;
  const type = packedType ?? box.type;
  if (type !== 'Exif' && type !== 'xml ') return { type: null, content: null };
  const stored = await readBox(source, box, MAX_METADATA_BYTES);
  const content = packedType === null || stored === null ? stored : await unpack(stored.subarray(4));
  return { type, content: type === 'Exif' && (content?.length ?? 0) < 12 ? null : content };
}

const MAX_METADATA_BYTES = 16 * 1024 * 1024;

async function unpack(packed: Buffer): Promise<Buffer | null> {
  return await promisify(brotliDecompress)(packed, { maxOutputLength: MAX_METADATA_BYTES }).catch(() => null);
}

/** SizeHeader and the beginning of ImageMetadata. */
function readCodestreamHeader(head: Buffer, path: string): { size: Size; animated: boolean } {
  if (head.length < 4 || head.readUInt16BE(0) !== 0xff0a) throw damagedPicture(path);
  const bits = bitReader(head.subarray(2));
  const small = bits(1) === 1;
  const side = () => (small ? (bits(5) + 1) * 8 : bits([9, 13, 18, 30][bits(2)]!) + 1);
  const height = side();
  const [numerator, denominator] = RATIOS[bits(3)] ?? [0, 0];
  const width = numerator === 0 ? side() : Math.floor((height * numerator) / denominator);
  const allDefault = bits(1) === 1;
  const extra = !allDefault && bits(1) === 1;
  const orientation = extra ? bits(3) + 1 : 1;
  if (extra && bits(1) === 1) skipSize(bits);
  if (extra && bits(1) === 1) skipPreview(bits);
  const animated = extra && bits(1) === 1;
  return { size: orientation >= 5 ? { width: height, height: width } : { width, height }, animated };
}

const RATIOS: Readonly<Record<number, readonly [number, number]>> = {
  1: [1, 1],
  2: [12, 10],
  3: [4, 3],
  4: [3, 2],
  5: [16, 9],
  6: [5, 4],
  7: [2, 1],
};

type BitReader = (count: number) => number;

/** The lowest bits of a byte come first; behind the end all are 0. */
function bitReader(bytes: Buffer): BitReader {
  let at = 0;
  return (count) => {
    let value = 0;
    for (let bit = 0; bit < count; bit++, at++) value += (((bytes[at >> 3] ?? 0) >> (at & 7)) & 1) * 2 ** bit;
    return value;
  };
}

function skipSize(bits: BitReader): void {
  const small = bits(1) === 1;
  const side = () => (small ? bits(5) : bits([9, 13, 18, 30][bits(2)]!));
  side();
  if (bits(3) === 0) side();
}

function skipPreview(bits: BitReader): void {
  const byEights = bits(1) === 1;
  const side = () => {
    const selector = bits(2);
    bits((byEights ? [0, 0, 5, 9] : [6, 8, 10, 12])[selector]!);
  };
  side();
  if (bits(3) === 0) side();
}
