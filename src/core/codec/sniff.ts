import { open, stat } from 'node:fs/promises';
import { systemErrorCode, UpreelError } from '../errors.ts';
import { CAMERA_RAW, RAW_MARKS } from './camera-raw.ts';

/** What libvips decodes. */
export type LibvipsFormat = 'jpeg' | 'png' | 'webp' | 'tiff' | 'gif' | 'avif';

/** What upreel reads, decided by the first bytes and never by the name. */
export type PictureFormat = LibvipsFormat | 'heic';

/**
 * Looks at the first bytes of a file, before any decoder does.
 * @throws UpreelError `input-missing`, `input-unreadable` (a folder, no permission, not a regular file, empty),
 *   `input-unsupported` (named, if it is a known kind of file), `input-damaged` (a PNG with a broken signature).
 */
export async function sniffPicture(path: string): Promise<{ format: PictureFormat; bytes: number }> {
  const { head, bytes } = await readHead(path);
  const format = pictureFormatOf(head);
  if (format !== null) return { format, bytes };
  if (text(head, 12, 16) === 'CgBI') {
    throw new UpreelError('input-unsupported', `${path} is a PNG in Apple's own variant for iPhone apps.`, {
      hint: CONVERT,
    });
  }
  if (head.subarray(0, 8).includes('PNG') || text(head, 12, 16) === 'IHDR') {
    throw new UpreelError('input-damaged', `${path} starts almost like a PNG picture: its first bytes were changed.`, {
      hint: 'This happens when a file is copied as text: get it again in binary mode.',
    });
  }
  const kind = nameForeignFormat(head);
  if (kind !== null) throw foreignFormat(path, kind);
  throw new UpreelError('input-unsupported', `${path} is not a picture that upreel knows.`, {
    hint: 'upreel reads JPEG, PNG, WebP, TIFF, GIF, AVIF and HEIC.',
  });
}

/** The error for a file of a known kind that is not read. @param what with its article */
export function foreignFormat(path: string, { what, hint }: ForeignFormat): UpreelError {
  return new UpreelError('input-unsupported', `${path} is ${what}, which upreel does not read.`, { hint });
}

/** null: none of the formats that upreel reads. */
export function pictureFormatOf(head: Buffer): PictureFormat | null {
  const starts = (...bytes: number[]) => bytes.every((byte, index) => head[index] === byte);
  if (starts(0xff, 0xd8, 0xff)) return 'jpeg';
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return text(head, 12, 16) === 'CgBI' ? null : 'png';
  if (text(head, 0, 4) === 'RIFF' && text(head, 8, 12) === 'WEBP') return 'webp';
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(text(head, 0, 4))) return 'tiff';
  if (['GIF87a', 'GIF89a'].includes(text(head, 0, 6))) return 'gif';
  const brands = heifBrands(head);
  if (brands[0] !== 'avis' && brands.includes('avif')) return 'avif';
  if (brands[0] !== 'avis' && brands.some((brand) => HEIF_BRAND.test(brand))) return 'heic';
  return null;
}

/** HEIF whatever is inside (ISO/IEC 23008-12, annexes B to L): the description of its items says what that is. */
const HEIF_BRAND = /^(hei[cxms]|hev[cxms]|mif[123]|msf1|avci|avcs|jpeg|jpgs|j2ki|j2is|vvic|evbi|unif)$/;

async function readHead(path: string): Promise<{ head: Buffer; bytes: number }> {
  try {
    // Asked before opening, because opening a named pipe waits for a writer.
    const { size: bytes } = await statPicture(path);
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return { head: buffer.subarray(0, bytesRead), bytes };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw inputError(error, path);
  }
}

const HEAD_BYTES = 512;

async function statPicture(path: string) {
  const stats = await stat(path);
  const refusal = stats.isDirectory()
    ? 'is a folder'
    : !stats.isFile()
      ? 'is not a regular file'
      : stats.size === 0
        ? 'is empty (0 bytes)'
        : null;
  if (refusal === null) return stats;
  throw new UpreelError('input-unreadable', `Expected a picture, but ${path} ${refusal}.`, {
    hint: stats.isDirectory() ? 'Name the pictures in it.' : 'Get the file again from where it came from.',
  });
}

/** An error of opening or reading an input file as UpreelError; others pass as they are. */
export function inputError(error: unknown, path: string): unknown {
  switch (systemErrorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new UpreelError('input-missing', `${path} does not exist.`, {
        hint: 'Check the spelling and the folder.',
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new UpreelError('input-unreadable', `You may not read ${path}.`, {
        hint: 'Change its permissions, or copy it to a place of your own.',
        cause: error,
      });
    case 'ENAMETOOLONG':
    case 'ELOOP':
    case 'EIO':
      return new UpreelError('input-unreadable', `${path} cannot be read.`, {
        hint: 'The file system refuses it: try a copy of the file.',
        cause: error,
      });
    default:
      return error;
  }
}

interface ForeignFormat {
  readonly what: string;
  readonly hint: string;
}

export const CONVERT = 'Convert it to PNG or TIFF first, for example in GIMP.';
const TONE_MAP = 'Tone-map it and save it as 16-bit PNG or TIFF first.';
const IS_VIDEO = 'Is it a video? Name it like one, for example clip.mp4.';

/** A name for files that people take for pictures, or null. */
function nameForeignFormat(head: Buffer): ForeignFormat | null {
  const brands = heifBrands(head);
  if (brands[0] === 'avis') {
    return {
      what: 'an animated AVIF',
      hint: 'Convert it to a video or an animated WebP first, for example with ffmpeg.',
    };
  }
  if (brands[0] === 'crx ') return CAMERA_RAW;
  if (brands.length > 0) return { what: 'an MP4 or MOV file', hint: IS_VIDEO };
  const start = head.toString('latin1');
  for (const { marks, what, hint } of FOREIGN_FORMATS) {
    if (marks.some((mark) => (typeof mark === 'string' ? start.startsWith(mark) : mark.test(start))))
      return { what, hint };
  }
  return head.every(isTextByte)
    ? { what: 'a text file', hint: 'Its name says picture, its content does not: get the file again.' }
    : null;
}

function isTextByte(byte: number): boolean {
  return byte >= 0x20 ? byte !== 0x7f : byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

const FOREIGN_FORMATS: readonly (ForeignFormat & { readonly marks: readonly (string | RegExp)[] })[] = [
  { marks: ['BM'], what: 'a BMP picture', hint: CONVERT },
  { marks: ['\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'], what: 'a JPEG 2000 picture', hint: CONVERT },
  { marks: ['\xff\x0a', '\0\0\0\x0cJXL '], what: 'a JPEG XL picture', hint: CONVERT },
  { marks: ['\0\0\x01\0', '\0\0\x02\0'], what: 'a Windows icon or cursor', hint: CONVERT },
  { marks: [/^P[1-7fF]\s/], what: 'a PNM (PPM, PGM, PBM, PAM) picture', hint: CONVERT },
  { marks: ['#?RADIANCE', '#?RGBE'], what: 'a Radiance HDR picture', hint: TONE_MAP },
  { marks: ['v/1\x01'], what: 'an OpenEXR picture', hint: TONE_MAP },
  { marks: RAW_MARKS, ...CAMERA_RAW },
  { marks: ['8BPS'], what: 'a Photoshop document', hint: CONVERT },
  { marks: ['gimp xcf'], what: 'a GIMP document', hint: 'Export it as PNG or TIFF, or use the GIMP plug-in.' },
  { marks: ['%PDF'], what: 'a PDF document', hint: 'Render the page to PNG first, for example with pdftoppm.' },
  {
    marks: [/^(\s|\xef\xbb\xbf)*<(\?xml|svg|!DOCTYPE svg|!--)/i],
    what: 'an SVG or XML document',
    hint: 'Render it at the size you want: a vector drawing needs no upscaling.',
  },
  {
    marks: [/^(\s|\xef\xbb\xbf)*<(!DOCTYPE html|html)/i],
    what: 'a web page',
    hint: 'Save the picture itself, not the page around it.',
  },
  { marks: ['\x1a\x45\xdf\xa3', /^RIFF.{4}AVI /s, 'FLV\x01'], what: 'a video', hint: IS_VIDEO },
];

/** Major and compatible brands of an ISO media file; none if it is not one. */
function heifBrands(head: Buffer): string[] {
  if (text(head, 4, 8) !== 'ftyp') return [];
  const end = Math.min(head.readUInt32BE(0), head.length);
  const brands = [text(head, 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(text(head, at, at + 4));
  return brands;
}

function text(head: Buffer, start: number, end: number): string {
  return head.toString('latin1', start, end);
}
