import { readFile } from 'node:fs/promises';
import { UpreelError } from '../../errors.ts';
import { samplesOf } from '../../pixels/raster.ts';
import { damagedPicture } from '../libvips.ts';

/**
 * A JPEG that breaks off, with the end mark that it lacks: first bare, then behind other bytes. If no pixel is missing,
 * all of them decode alike, because nothing reads those; libvips does not tell of what is missing in the last rows.
 */
export async function withEndMarks(path: string): Promise<Buffer[]> {
  const bytes = await readFile(path);
  // Of the end mark, its first byte may be there.
  const found = bytes.at(-1) === 0xff ? bytes.subarray(0, -1) : bytes;
  const fillers = [Buffer.alloc(0), Buffer.alloc(256, 0x55), Buffer.alloc(256, 0xaa)];
  return fillers.map((filler) => Buffer.concat([found, filler, Buffer.from([0xff, 0xd9])]));
}

/** Whether the decoder missed the end mark of a JPEG; pixels may be missing, too. */
export function lacksEndMark(error: unknown): boolean {
  return error instanceof Error && error.message.includes('premature end of JPEG image');
}

/** The refusal of what could be read in part. */
export function concealable(path: string, cause: unknown): UpreelError {
  const { code, message } = damagedPicture(path, cause);
  const hint = 'Get the file again, or go on with what can be decoded of it: --on-decode-error conceal.';
  return new UpreelError(code, message, { hint, cause });
}

interface Decoded {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly bands: number;
  readonly bytesPerSample: 1 | 2;
  readonly alpha: boolean;
}

/**
 * What to say of a page that was decoded as far as possible; null: nothing of it was. Decoders leave what they did not
 * reach in one colour: an area of it along a side (the lower one, before the page was turned upright) is taken for
 * missing.
 */
export function describeLoss(path: string, page: Decoded): string | null {
  const strips = SIDES.map((side) => ({ side, share: emptyShare(page, side) }));
  const { side, share } = strips.reduce((a, b) => (b.share > a.share ? b : a));
  if (share === 1) return null;
  const percent = Math.round(100 * share);
  if (percent === 0) return `${path} is damaged: it was decoded as far as possible. Look at the result.`;
  return `${path} is damaged: ${percent} % of it, ${side.where}, could not be decoded; it is ${fillerOf(page, side)} there.`;
}

interface Side {
  readonly where: string;
  readonly isRow: boolean;
  readonly isFirst: boolean;
}

const SIDES: readonly Side[] = [
  { where: 'at the bottom', isRow: true, isFirst: false },
  { where: 'at the top', isRow: true, isFirst: true },
  { where: 'on the right', isRow: false, isFirst: false },
  { where: 'on the left', isRow: false, isFirst: true },
];

/**
 * Share of the pixels that are of the colour in the side's corner: of whole lines, and what of the next ones goes on.
 */
function emptyShare(page: Decoded, side: Side): number {
  const [lines, length] = side.isRow ? [page.height, page.width] : [page.width, page.height];
  const filler = pixelAt(page, side, 0, length - 1);
  const isEmpty = (line: number, along: number) =>
    pixelAt(page, side, line, along).every((sample, band) => sample === filler[band]);
  let empty = 0;
  for (let line = 0; line < lines; line++) {
    let [first, last] = [0, 0];
    while (last < length && isEmpty(line, length - 1 - last)) last++;
    while (last < length && isEmpty(line, first)) first++;
    if (first + last === 0 || (line === 0 && last < length)) break;
    empty += first + last;
  }
  return empty / (lines * length);
}

/** @param line counted from the side */
function pixelAt({ data, width, height, bands, bytesPerSample }: Decoded, side: Side, line: number, along: number) {
  const from = side.isFirst ? line : (side.isRow ? height : width) - 1 - line;
  const at = (side.isRow ? from * width + along : along * width + from) * bands;
  return Array.from(samplesOf({ data, bytesPerSample }).subarray(at, at + bands));
}

function fillerOf(page: Decoded, side: Side): string {
  const pixel = pixelAt(page, side, 0, 0);
  if (page.alpha && pixel.at(-1) === 0) return 'transparent';
  if (pixel.every((sample) => sample === 0)) return 'black';
  return pixel.every((sample) => sample === pixel[0]) ? 'gray' : 'of one colour';
}
