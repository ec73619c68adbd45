import type { ByteSource } from '../bytes/byte-source.ts';
import { CONVERT, foreignFormat } from '../input-errors.ts';
import { damagedPicture } from '../libvips.ts';
import { readHeifFile } from './heif-boxes.ts';
import { codedItem } from './heif-layout.ts';
import { primaryItem } from './heif-picture.ts';

/**
 * Whose decoder a HEIF file needs: brands say what may be inside, the primary picture what is.
 * @param branded by its brands
 * @throws UpreelError `input-unsupported`, named, for what neither decoder knows; `input-damaged` where nothing says
 * it.
 */
export async function codingInside(
  source: ByteSource,
  path: string,
  branded: 'avif' | 'heic',
): Promise<'avif' | 'heic'> {
  const { meta, boxes } = await readHeifFile(source);
  const primary = meta === null ? null : primaryItem(meta);
  const codec = meta === null || primary === null ? null : codedItem(meta, primary).type;
  switch (codec) {
    case 'hvc1':
      return 'heic';
    case 'av01':
      return 'avif';
    case null:
      // libvips says what is wrong with it.
      if (branded === 'avif') return 'avif';
      if (boxes.includes('moov')) throw foreignFormat(path, SEQUENCE);
      if (boxes.includes('mini'))
        throw foreignFormat(path, { what: 'a HEIF picture of the "mini" form', hint: CONVERT });
      throw damagedPicture(path);
    default:
      throw foreignFormat(path, {
        what: `a HEIF picture with ${CODEC_NAMES[codec] ?? `"${codec}"`} inside`,
        hint: CONVERT,
      });
  }
}

const SEQUENCE = {
  what: 'a HEIF image sequence without a picture of its own',
  hint: 'Make a video of it first, for example: ffmpeg -i IN -c:v ffv1 out.mkv',
} as const;

/** ISO/IEC 23008-12, annexes; ISO/IEC 23001-17 for uncompressed samples. */
const CODEC_NAMES: Readonly<Record<string, string>> = {
  avc1: 'H.264',
  evc1: 'EVC',
  iovl: 'an overlay of others',
  j2k1: 'JPEG 2000',
  jpeg: 'JPEG',
  lhv1: 'layered HEVC',
  unci: 'uncompressed samples',
  vvc1: 'H.266',
};
