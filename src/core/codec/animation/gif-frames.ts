import type { Rect, Size } from '../../pixels/geometry.ts';
import type { CarrierSamples } from '../carrier.ts';
import { unionRect } from './changed-rect.ts';

/** One page as GIF can show it: RGBA, wholly opaque or, as 0, wholly transparent. */
export type GifPage = Uint32Array<ArrayBuffer>;

/** What is drawn for one page. */
export interface GifFrame {
  readonly rect: Rect;
  /** RGBA of the rectangle; what stays as it was is transparent. */
  readonly pixels: GifPage;
  /** What becomes of the rectangle before the next page. */
  readonly disposal: 'keep' | 'clear';
}

/** Half opaque and more becomes opaque, the rest transparent. */
export const OPAQUE_FROM = 128;

/** @param data 8-bit samples, interleaved */
export function gifPageOf(data: Uint8Array, { bands, alpha }: CarrierSamples): GifPage {
  const page = new Uint32Array(data.length / bands);
  const rgba = new Uint8Array(page.buffer);
  const [green, blue] = bands <= 2 ? [0, 0] : [1, 2];
  for (let pixel = 0, from = 0, to = 0; pixel < page.length; pixel++, from += bands, to += 4) {
    if (alpha && data[from + bands - 1]! < OPAQUE_FROM) continue;
    rgba[to] = data[from]!;
    rgba[to + 1] = data[from + green]!;
    rgba[to + 2] = data[from + blue]!;
    rgba[to + 3] = 255;
  }
  return page;
}

/**
 * Turns pages into frames. A frame draws what has changed and leaves the rest, so that what stands still is never
 * quantized anew and cannot flicker. GIF has no way to draw transparency: where a pixel becomes transparent, the frame
 * before is cleared away when its time is over, for which that frame is held back by one page.
 */
export class GifFrames {
  readonly #size: Size;
  /** What lies under the page that is held back. */
  #under: GifPage;
  #held: GifPage | null = null;

  constructor(size: Size) {
    this.#size = size;
    this.#under = new Uint32Array(size.width * size.height);
  }

  /** @returns the frame of the page before; null for the first */
  add(page: GifPage): GifFrame | null {
    const held = this.#held;
    this.#held = page;
    if (held === null) return null;
    const vanishing = boundsOf(this.#size, (pixel) => held[pixel] !== 0 && page[pixel] === 0);
    const frame = this.#frame(held, vanishing);
    this.#under = held;
    if (vanishing !== null) this.#under = cleared(held, this.#size, frame.rect);
    return frame;
  }

  /** The frame of the last page. */
  finish(): GifFrame | null {
    return this.#held === null ? null : this.#frame(this.#held, null);
  }

  #frame(page: GifPage, vanishing: Rect | null): GifFrame {
    const under = this.#under;
    const drawn = boundsOf(this.#size, (pixel) => page[pixel] !== under[pixel]);
    const rect = vanishing === null ? (drawn ?? ONE_PIXEL) : drawn === null ? vanishing : unionRect(drawn, vanishing);
    const whole = cut(page, this.#size, rect);
    const before = cut(under, this.#size, rect);
    // With transparency as one more, 256 opaque colours would not be shown exactly.
    const isFull = coloursIn(whole) === MOST_COLOURS && !whole.includes(0);
    const pixels = isFull ? whole : whole.map((pixel, at) => (pixel === before[at] ? 0 : pixel));
    return { rect, pixels, disposal: vanishing === null ? 'keep' : 'clear' };
  }
}

/** Of a palette. */
export const MOST_COLOURS = 256;

/** How many colours there are, transparency among them; 257 for all that is more than a palette holds. */
export function coloursIn(pixels: GifPage): number {
  const colours = new Set<number>();
  for (const pixel of pixels) {
    colours.add(pixel);
    if (colours.size > MOST_COLOURS) break;
  }
  return colours.size;
}

/** What a page that equals the one before draws, wholly transparent. */
const ONE_PIXEL: Rect = { x: 0, y: 0, width: 1, height: 1 };

/** The smallest rectangle around the pixels that are meant; null: none are. */
function boundsOf({ width, height }: Size, isMeant: (pixel: number) => boolean): Rect | null {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      if (!isMeant(pixel)) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  return bottom === 0 ? null : { x: left, y: top, width: right - left, height: bottom - top };
}

function cut(page: GifPage, { width }: Size, rect: Rect): GifPage {
  const part = new Uint32Array(rect.width * rect.height);
  for (let y = 0; y < rect.height; y++) {
    const from = (rect.y + y) * width + rect.x;
    part.set(page.subarray(from, from + rect.width), y * rect.width);
  }
  return part;
}

function cleared(page: GifPage, { width }: Size, rect: Rect): GifPage {
  const result = page.slice();
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    result.fill(0, y * width + rect.x, y * width + rect.x + rect.width);
  }
  return result;
}
