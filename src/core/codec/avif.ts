import type { ByteSource } from './byte-source.ts';
import type { PictureMetadata } from './metadata.ts';

export interface AvifFacts {
  readonly pngColour: PictureMetadata['pngColour'];
  /** The primary item's colours are multiplied with its alpha, which the decoder leaves to us. */
  readonly premultiplied: boolean;
}

/** What libvips does not tell of an AVIF. */
export async function readAvif(source: ByteSource): Promise<AvifFacts> {
  const head = await source.read(0, HEAD_BYTES);
  return { pngColour: readNclx(head), premultiplied: isPremultiplied(head) };
}

/** The description of the items comes first, unless a file was made to be odd. */
const HEAD_BYTES = 256 * 1024;

/** An AVIF's colour description as PNG's cICP chunk, where it is not plain sRGB (ISO 23091-2 code points). */
function readNclx(head: Buffer): PictureMetadata['pngColour'] {
  const at = head.indexOf('colrnclx', 0, 'latin1') + 8;
  if (at < 8 || at + 4 > head.length) return [];
  const [primaries, transfer] = [head.readUInt16BE(at), head.readUInt16BE(at + 2)];
  const plain = (primaries === 1 || primaries === 2) && [1, 2, 6, 13].includes(transfer);
  // The pixels come out of the decoder as full-range RGB: matrix 0, range 1.
  return plain || primaries > 255 || transfer > 255
    ? []
    : [{ type: 'cICP', data: Buffer.from([primaries, transfer, 0, 1]) }];
}

/** ISO/IEC 23008-12 (HEIF), 6.6.2.1.2: a reference of the type "prem" from the colour to its alpha. */
function isPremultiplied(head: Buffer): boolean {
  const meta = boxesIn(head).find(({ type }) => type === 'meta');
  if (meta === undefined) return false;
  const described = boxesIn(meta.body.subarray(FULL_BOX_BYTES));
  const primary = described.find(({ type }) => type === 'pitm')?.body;
  const references = described.find(({ type }) => type === 'iref')?.body;
  if (primary === undefined || references === undefined) return false;
  const idOf = (body: Buffer, isLong: boolean, at: number) => {
    if (body.length < at + (isLong ? 4 : 2)) return null;
    return isLong ? body.readUInt32BE(at) : body.readUInt16BE(at);
  };
  const primaryId = idOf(primary, primary[0] !== 0, FULL_BOX_BYTES);
  if (primaryId === null) return false;
  return boxesIn(references.subarray(FULL_BOX_BYTES)).some(
    ({ type, body }) => type === 'prem' && idOf(body, references[0] !== 0, 0) === primaryId,
  );
}

/** Version and flags of a box. */
const FULL_BOX_BYTES = 4;

/** Boxes one after the other, as far as they are whole or the last goes on. */
function boxesIn(bytes: Buffer): { readonly type: string; readonly body: Buffer }[] {
  const boxes: { type: string; body: Buffer }[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    // 0: to the end. Sizes of 64 bits are for the media, which comes later.
    const end = size === 0 ? bytes.length : at + size;
    if (end < at + 8) break;
    boxes.push({ type: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + 8, end) });
    at = end;
  }
  return boxes;
}
