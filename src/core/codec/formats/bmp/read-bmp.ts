import type { ByteSource } from '../../bytes/byte-source.ts';
import type { PlainKind } from '../../definition/plain-kind.ts';
import { damagedPicture } from '../../libvips.ts';
import { iccColourSpace } from '../../metadata/metadata.ts';
import type { StillHeader } from '../../read/still.ts';
import { type Dib, parseDib } from './dib.ts';
import { dibRowBytes, makeDibTarget, readDibPixels, usesFourthByte } from './dib-pixels.ts';

interface Layout {
  readonly dib: Dib;
  readonly offset: number;
}

/**
 * Windows' and OS/2's bitmaps, 1 to 32 bits, run-length codes, any masks, ICC profile. Read here because ffmpeg refuses
 * masks that are not in its list, reads a file cut in half, and takes 5 bits for 8 by shifting.
 */
export const bmp: PlainKind<Layout> = {
  async readHeader(source, path) {
    const head = await source.read(0, FILE_HEADER_BYTES + LONGEST_HEAD_BYTES);
    if (head.length < FILE_HEADER_BYTES) throw damagedPicture(path);
    const dib = parseDib(head.subarray(FILE_HEADER_BYTES), path);
    const stated = head.readUInt32LE(10);
    const offset = stated < FILE_HEADER_BYTES + 12 ? FILE_HEADER_BYTES + dib.headBytes : stated;
    const { width, height, bits } = dib;
    if (dib.coding === 'plain' && offset + dibRowBytes(bits, width) * height > source.size) throw damagedPicture(path);
    const hasFourth = bits === 32 && !dib.hasMasks && (await usesFourthByte(source, { path, dib, offset }));
    const still: StillHeader = {
      size: { width, height },
      channels: isGray(dib.palette) && bits <= 8 ? 1 : 3,
      bytesPerSample: 1,
      alpha: hasFourth || dib.masks[3] !== 0,
      metadata: { density: dib.density, icc: await readProfile(source, dib) },
      warnings: hasFourth
        ? [`${path} does not say what the fourth byte of its pixels is: it was taken for transparency.`]
        : [],
    };
    return { still, own: { dib, offset } };
  },
  async readPixels(source, path, still, { dib, offset }) {
    const target = makeDibTarget(dib, still.channels, still.alpha);
    await readDibPixels(source, { path, dib, offset }, target);
    return { ...target, warnings: [] };
  },
};

const FILE_HEADER_BYTES = 14;
const LONGEST_HEAD_BYTES = 4096 + 16 + 1024;

function isGray(palette: Uint8Array): boolean {
  for (let at = 0; at < palette.length; at += 3) {
    if (palette[at] !== palette[at + 1] || palette[at] !== palette[at + 2]) return false;
  }
  return true;
}

async function readProfile(source: ByteSource, { profile }: Dib): Promise<Uint8Array | null> {
  if (profile === null || profile.bytes > MAX_PROFILE_BYTES) return null;
  const icc = await source.read(FILE_HEADER_BYTES + profile.offset, profile.bytes);
  return iccColourSpace(icc) === 'RGB' ? icc : null;
}

const MAX_PROFILE_BYTES = 16 * 1024 * 1024;
