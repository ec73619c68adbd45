import { type ByteSource, bufferSource } from '../../bytes/byte-source.ts';
import { DEPTH_MAP, GAIN_MAP } from '../../heif/heif-extras.ts';
import { EXIF_BUDGET_BYTES } from '../../metadata/exif.ts';
import { findEntry, readIfd, readTiffLayout, type TiffLayout } from '../../metadata/ifd.ts';
import { jpegSegments } from './jpeg-segments.ts';

/** What a JPEG file holds behind its picture, as phones and 3D cameras write it; previews are not worth naming. */
export async function readJpegExtras(source: ByteSource): Promise<string[]> {
  const besides = new Set<string>();
  let further = 0;
  let hasFilmClaim = false;
  for await (const { marker, start, end } of jpegSegments(source)) {
    if (marker !== APP1 && marker !== APP2) continue;
    const body = await source.read(start + 4, end - start - 4);
    if (marker === APP1) {
      const text = body.toString('latin1');
      hasFilmClaim ||= FILM_CLAIM.test(text);
      if (text.includes('http://ns.google.com/photos/1.0/depthmap/')) besides.add(DEPTH_MAP);
    }
    if (marker !== APP2 || body.toString('latin1', 0, 4) !== 'MPF\0') continue;
    for (const kind of await readMultiPicture(source, body.subarray(4), start + 8)) {
      if (kind === FURTHER) further += 1;
      else besides.add(kind);
    }
  }
  if (further > 0) besides.add(further === 1 ? 'a further picture' : `${further} further pictures`);
  if ((hasFilmClaim || (await endsAsSamsung(source))) && (await holdsFilm(source))) besides.add('a film');
  return [...besides];
}

const APP1 = 0xe1;
const APP2 = 0xe2;
/** Of Google's formats. The name space's prefix is anybody's choice. */
const FILM_CLAIM = /:(MotionPhoto|MicroVideo)(\s*=\s*["']|>)1/;
const FURTHER = 'further';

/**
 * The pictures of a Multi-Picture Format file (CIPA DC-007) but for the first.
 * @param base where offsets count from.
 */
async function readMultiPicture(source: ByteSource, index: Buffer, base: number): Promise<string[]> {
  const indexSource = bufferSource(index);
  const layout = await readTiffLayout(indexSource);
  const ifd = layout === null ? null : await readIfd(indexSource, layout, layout.firstIfd, EXIF_BUDGET_BYTES);
  const entries = ifd === null ? undefined : findEntry(ifd, MP_ENTRY)?.value;
  const kinds: string[] = [];
  for (let at = ENTRY_BYTES; entries !== undefined && at + ENTRY_BYTES <= entries.length; at += ENTRY_BYTES) {
    if (kinds.length === MAX_PICTURES) break;
    const [attributes, offset] = [numberAt(entries, at, layout!), numberAt(entries, at + 8, layout!)];
    const head = (await source.read(base + offset, HEAD_BYTES)).toString('latin1');
    // Not what the list says, but what is there: editors leave lists behind.
    if (!head.startsWith('\xff\xd8')) continue;
    const isPreview = (attributes & 0xff0000) === 0x010000;
    const named = MARKS.find(({ mark }) => mark.test(head))?.what;
    if (named !== undefined) kinds.push(named);
    else if (!isPreview) kinds.push(FURTHER);
  }
  return kinds;
}

const MP_ENTRY = 0xb002;
const ENTRY_BYTES = 16;
const MAX_PICTURES = 100;
const HEAD_BYTES = 64 * 1024;

/** In the XMP or the segments of such a picture: Ultra HDR, ISO 21496-1, Apple's; Apple's depth. */
const MARKS = [
  { mark: /hdr-gain-map|hdrgainmap|urn:iso:std:iso:ts:21496:-1/i, what: GAIN_MAP },
  { mark: /aux:(depth|disparity)/i, what: DEPTH_MAP },
] as const;

function numberAt(bytes: Buffer, at: number, { littleEndian }: TiffLayout): number {
  return littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

/** Samsung's own trailer, in which every photo has something. */
async function endsAsSamsung(source: ByteSource): Promise<boolean> {
  return (await source.read(Math.max(0, source.size - 4), 4)).toString('latin1') === 'SEFT';
}

/** Whether an MP4 or MOV file begins somewhere in the file. */
async function holdsFilm(source: ByteSource): Promise<boolean> {
  for (let at = 0; at < source.size; at += STEP_BYTES) {
    // The parts overlap, for a mark that lies across their border.
    const part = await source.read(at, STEP_BYTES + 16);
    if (FILM_MARK.test(part.toString('latin1'))) return true;
  }
  return false;
}

const STEP_BYTES = 4 * 1024 * 1024;
const FILM_MARK = /ftyp(mp4[12]|isom|iso[2-9]|avc1|qt {2}|3gp\d|M4V )/;
