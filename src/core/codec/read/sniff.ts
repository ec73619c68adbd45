import { type FileHandle, open, stat } from 'node:fs/promises';
import { UpreelError } from '../../errors.ts';
import { fileSource } from '../bytes/byte-source.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { FORMATS, type PictureFormat } from '../formats/list.ts';
import { heifBrands } from '../heif/heif-brands.ts';
import { CONVERT, type ForeignFormat, foreignFormat, inputError } from '../input-errors.ts';
import { CAMERA_RAW, RAW_MARKS } from '../tiff/camera-raw.ts';

/**
 * Looks at the first bytes of a file, before any decoder does.
 * @throws UpreelError `input-missing`, `input-unreadable` (a folder, no permission, not a regular file, empty),
 *   `input-unsupported` (named, if it is a known kind of file), `input-damaged` (a PNG with a broken signature).
 */
export async function sniffPicture(path: string): Promise<{ format: PictureFormat; bytes: number }> {
  const { head, bytes, format } = await readHead(path);
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
  const known = Object.values(FORMATS).map(({ name }) => name);
  throw new UpreelError('input-unsupported', `${path} is not a picture that upreel knows.`, {
    hint: `upreel reads ${known.join(', ')}.`,
  });
}

/** null: none of the formats that upreel reads. */
function pictureFormatOf(head: Buffer): PictureFormat | null {
  const start = head.toString('latin1', 0, 16);
  return FORMAT_LIST.find(([, { mark }]) => mark?.(start, head))?.[0] ?? null;
}

const FORMAT_LIST: readonly (readonly [PictureFormat, StillFormat])[] = Object.entries(FORMATS).map(
  ([format, definition]) => [format as PictureFormat, definition],
);

/** What a file is, or is named as where upreel does not read it; null: no picture, or it cannot be opened. */
export async function pictureKindOf(path: string): Promise<PictureFormat | 'foreign' | null> {
  const found = await readHead(path).catch(() => null);
  if (found === null) return null;
  return found.format ?? (foreignPictureIn(found.head) === null ? null : 'foreign');
}

async function readHead(path: string): Promise<{ head: Buffer; bytes: number; format: PictureFormat | null }> {
  try {
    // Asked before opening, because opening a named pipe waits for a writer.
    const { size: bytes } = await statPicture(path);
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      const head = buffer.subarray(0, bytesRead);
      return { head, bytes, format: pictureFormatOf(head) ?? (await likelyFormat(file, head, path)) };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw inputError(error, path);
  }
}

const HEAD_BYTES = 512;

async function likelyFormat(file: FileHandle, head: Buffer, path: string): Promise<PictureFormat | null> {
  const source = await fileSource(file);
  for (const [format, { isLikely }] of FORMAT_LIST) if (await isLikely?.({ path, head, source })) return format;
  return null;
}

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

const IS_VIDEO = 'Is it a video? Name it like one, for example clip.mp4.';

/** A name for files that people take for pictures, or null. */
function nameForeignFormat(head: Buffer): ForeignFormat | null {
  const brands = heifBrands(head);
  if (brands[0] === 'crx ') return CAMERA_RAW;
  if (brands.length > 0) return { what: 'an MP4 or MOV file', hint: IS_VIDEO };
  const picture = foreignPictureIn(head);
  if (picture !== null) return picture;
  if (VIDEO_MARKS.some((mark) => startsWith(head, mark))) return { what: 'a video', hint: IS_VIDEO };
  return head.every(isTextByte)
    ? { what: 'a text file', hint: 'Its name says picture, its content does not: get the file again.' }
    : null;
}

const VIDEO_MARKS: readonly Mark[] = ['\x1a\x45\xdf\xa3', /^RIFF.{4}AVI /s, 'FLV\x01'];

function foreignPictureIn(head: Buffer): ForeignFormat | null {
  return FOREIGN_PICTURES.find(({ marks }) => marks.some((mark) => startsWith(head, mark))) ?? null;
}

type Mark = string | RegExp;

function startsWith(head: Buffer, mark: Mark): boolean {
  const start = head.toString('latin1');
  return typeof mark === 'string' ? start.startsWith(mark) : mark.test(start);
}

function isTextByte(byte: number): boolean {
  return byte >= 0x20 ? byte !== 0x7f : byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Pictures and documents that upreel does not read. */
const FOREIGN_PICTURES: readonly (ForeignFormat & { readonly marks: readonly Mark[] })[] = [
  { marks: RAW_MARKS, ...CAMERA_RAW },
  { marks: ['SIMPLE  ='], what: 'a FITS picture', hint: 'Stretch it and save it as 16-bit PNG or TIFF first.' },
  { marks: ['\x80\x2a\x5f\xd7', '\xd7\x5f\x2a\x80'], what: 'a Cineon picture', hint: CONVERT },
  { marks: ['/* XPM */', '! XPM2'], what: 'an XPM picture', hint: CONVERT },
  { marks: [/^#define \S+_width \d/], what: 'an XBM picture', hint: CONVERT },
  { marks: ['\x59\xa6\x6a\x95'], what: 'a Sun raster picture', hint: CONVERT },
  { marks: ['II\xbc'], what: 'a JPEG XR picture', hint: CONVERT },
  { marks: ['\x8aMNG\r\n', '\x8bJNG\r\n'], what: 'an MNG or JNG picture', hint: CONVERT },
  { marks: [/^FORM.{4}(ILBM|PBM |ACBM)/s], what: 'an IFF picture of the Amiga', hint: CONVERT },
  { marks: ['\xabKTX '], what: 'a KTX texture', hint: CONVERT },
  { marks: ['icns'], what: 'an icon of macOS', hint: CONVERT },
  { marks: [/^RIFF.{4}ACON/s], what: 'an animated cursor of Windows', hint: CONVERT },
  { marks: ['BPG\xfb', 'FLIF'], what: 'a BPG or FLIF picture', hint: CONVERT },
  { marks: ['AT&TFORM'], what: 'a DjVu document', hint: 'Render the page to PNG first, for example with ddjvu.' },
  { marks: [/^.{128}DICM/s], what: 'a DICOM picture', hint: CONVERT },
  { marks: [/^P[FfHh7][4\s]/], what: 'a picture of an odd kind of PNM', hint: CONVERT },
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
];

function text(head: Buffer, start: number, end: number): string {
  return head.toString('latin1', start, end);
}
