import type { Size } from '../../../pixels/geometry.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { linearNote } from '../../colour/float-light.ts';
import type { FfmpegKind } from '../../definition/ffmpeg-kind.ts';
import { unsupportedVariant } from '../../input-errors.ts';
import { damagedPicture } from '../../libvips.ts';
import { multipliedNote } from '../../samples.ts';

/**
 * OpenEXR: one part of red, green and blue, or gray, with or without alpha, in scanlines or tiles.
 * @see "OpenEXR File Layout" and "Technical Introduction to OpenEXR"
 */
export const exrReader: FfmpegKind = {
  by: 'ffmpeg',
  demuxer: 'exr_pipe',
  async readHeader(source, path) {
    const flags = (await source.read(5, 3)).readUIntLE(0, 3);
    if (flags & DEEP) throw unsupportedVariant(path, 'is a deep OpenEXR picture');
    if (flags & MULTIPART) throw unsupportedVariant(path, 'is an OpenEXR picture of several parts');
    const { attributes, end } = await readAttributes(source, path);
    const [data, display] = [
      windowOf(attributes.get('dataWindow'), path),
      windowOf(attributes.get('displayWindow'), path),
    ];
    const channels = readChannels(attributes.get('channels') ?? Buffer.alloc(0), path);
    checkChannels(channels, path);
    const coding = attributes.get('compression')?.[0] ?? -1;
    // ffmpeg (5.1 to 7.1) decodes these to wrong values.
    if (DWA.includes(coding) && channels.some(({ type }) => type === FLOAT)) {
      throw unsupportedVariant(path, 'is an OpenEXR picture of 32-bit floats in DWA compression', DWA_HINT);
    }
    await checkChunks(source, {
      end,
      tiles: attributes.get('tiles') ?? null,
      isTiled: (flags & TILED) !== 0,
      data,
      path,
      attributes,
    });
    const alpha = channels.some(({ name }) => name === 'A');
    const note = multipliedNote(path);
    return {
      size: sizeOf(display),
      warnings: [linearNote(path), ...(alpha ? [note] : []), ...otherColours(attributes.get('chromaticities'), path)],
      alpha: alpha ? 'multiplied' : 'none',
    };
  },
};

const [TILED, DEEP, MULTIPART] = [0x2, 0x8, 0x10];

interface Window {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

async function readAttributes(
  source: ByteSource,
  path: string,
): Promise<{ attributes: Map<string, Buffer>; end: number }> {
  const head = await source.read(0, HEADER_BYTES);
  const attributes = new Map<string, Buffer>();
  for (let at = 8; ; ) {
    const nameEnd = head.indexOf(0, at);
    if (nameEnd === at) return { attributes, end: at + 1 };
    const typeEnd = head.indexOf(0, nameEnd + 1);
    if (nameEnd < 0 || typeEnd < 0 || typeEnd + 5 > head.length) throw damagedPicture(path);
    const size = head.readUInt32LE(typeEnd + 1);
    const value = head.subarray(typeEnd + 5, typeEnd + 5 + size);
    if (value.length < size) throw damagedPicture(path);
    attributes.set(head.toString('latin1', at, nameEnd), value);
    at = typeEnd + 5 + size;
  }
}

/** Previews and notes of all kinds lie there. */
const HEADER_BYTES = 16 * 1024 * 1024;

function windowOf(value: Buffer | undefined, path: string): Window {
  if (value === undefined || value.length < 16) throw damagedPicture(path);
  const [left, top, right, bottom] = [0, 4, 8, 12].map((at) => value.readInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  if (right < left || bottom < top) throw damagedPicture(path);
  return { left, top, right, bottom };
}

function sizeOf({ left, top, right, bottom }: Window): Size {
  return { width: right - left + 1, height: bottom - top + 1 };
}

interface Channel {
  readonly name: string;
  readonly type: number;
  readonly sampling: number;
}

function readChannels(list: Buffer, path: string): Channel[] {
  const channels: Channel[] = [];
  for (let at = 0; at < list.length && list[at] !== 0; ) {
    const end = list.indexOf(0, at);
    if (end < 0 || end + 17 > list.length) throw damagedPicture(path);
    const sampling = Math.max(list.readInt32LE(end + 9), list.readInt32LE(end + 13));
    channels.push({ name: list.toString('latin1', at, end), type: list.readInt32LE(end + 1), sampling });
    at = end + 17;
  }
  return channels;
}

function checkChannels(channels: readonly Channel[], path: string): void {
  const names = channels.map(({ name }) => name);
  const read = ['R', 'G', 'B'].every((name) => names.includes(name)) ? 'RGBA' : 'YA';
  if (read === 'YA' && (!names.includes('Y') || names.includes('RY') || names.includes('BY'))) {
    const shown = names.slice(0, 8).join(', ') + (names.length > 8 ? ', ...' : '');
    throw unsupportedVariant(
      path,
      `is an OpenEXR picture of the channels ${shown}`,
      'Save it with R, G, B (and A), or with Y.',
    );
  }
  for (const { name, type, sampling } of channels) {
    if (!read.includes(name)) continue;
    if (type === UINT) throw unsupportedVariant(path, 'is an OpenEXR picture of whole numbers');
    if (sampling > 1) throw unsupportedVariant(path, 'is an OpenEXR picture with channels of half the size');
  }
}

const [UINT, FLOAT] = [0, 2];
const DWA: readonly number[] = [8, 9];
const DWA_HINT = 'Save it with 16-bit floats, or in ZIP compression.';

/** The decoder is content with a part of the rows: each block must lie in the file. */
async function checkChunks(
  source: ByteSource,
  {
    end,
    tiles,
    isTiled,
    data,
    path,
    attributes,
  }: {
    end: number;
    tiles: Buffer | null;
    isTiled: boolean;
    data: Window;
    path: string;
    attributes: ReadonlyMap<string, Buffer>;
  },
): Promise<void> {
  const { width, height } = sizeOf(data);
  const rows = ROWS[attributes.get('compression')?.[0] ?? -1];
  if (rows === undefined) throw damagedPicture(path);
  let count = Math.ceil(height / rows);
  if (isTiled) {
    if (tiles === null || tiles.length < 9) throw damagedPicture(path);
    // Smaller versions of the picture follow the first, which is the whole one.
    const [across, down] = [tiles.readUInt32LE(0), tiles.readUInt32LE(4)];
    if (across < 1 || down < 1) throw damagedPicture(path);
    count = Math.ceil(width / across) * Math.ceil(height / down);
  }
  if (count * 8 > source.size - end) throw damagedPicture(path);
  const offsets = await source.read(end, count * 8);
  const sizeAt = isTiled ? 16 : 4;
  for (let at = 0; at < offsets.length; at += 8) {
    const offset = Number(offsets.readBigUInt64LE(at));
    const head = offset + sizeAt + 4 > source.size ? null : await source.read(offset + sizeAt, 4);
    if (head === null || head.length < 4 || offset + sizeAt + 4 + head.readUInt32LE(0) > source.size)
      throw damagedPicture(path);
  }
}

/** Rows of a block, by the compression: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB. */
const ROWS: readonly number[] = [1, 1, 1, 16, 32, 16, 32, 32, 32, 256];

/** Rec. 709's primaries and white are what EXR means where it says nothing. */
function otherColours(value: Buffer | undefined, path: string): string[] {
  if (value === undefined || value.length < 32) return [];
  const rec709 = [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329];
  const isOther = rec709.some((expected, index) => Math.abs(value.readFloatLE(4 * index) - expected) > 0.002);
  return isOther ? [`${path} has other primaries than sRGB: its colours were not converted and look different.`] : [];
}
