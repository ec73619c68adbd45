import type { PreviewView } from '../dashboard/preview-view.ts';
import { type Region, type RgbPicture, resampleRegion } from './resample.ts';

/** Two pictures of the same thing, of any sizes. */
export interface PicturePair {
  readonly before: RgbPicture;
  readonly after: RgbPicture;
}

/**
 * What a viewer sees of a pair in a space of `width` x `height` pixels of the given shape: both parts of one picture,
 * divided by a line, or both side by side. As large as fits with the picture's own shape.
 * @param pixelAspect width of one of the space's pixels by its height
 */
export function composePair(
  { before, after }: PicturePair,
  view: PreviewView,
  space: { readonly width: number; readonly height: number },
  pixelAspect: number,
): RgbPicture {
  const isBeside = view.arrangement === 'beside';
  const gap = isBeside ? Math.max(1, Math.round(space.width / 100)) : 0;
  const room = { width: isBeside ? Math.floor((space.width - gap) / 2) : space.width, height: space.height };
  const { width, height } = fitInto(after, room, pixelAspect);
  const show = (picture: RgbPicture) => resampleRegion(picture, regionOf(picture, view), width, height);
  const [first, second] = [show(before), show(after)];
  return isBeside ? placeBeside(first, second, gap) : wipe(first, second, view.wipe);
}

/** Pictures side by side, each the same region of itself in the shape of the last. */
export function composeStrip(
  pictures: readonly RgbPicture[],
  zoom: PreviewView['zoom'],
  space: { readonly width: number; readonly height: number },
  pixelAspect: number,
): { readonly picture: RgbPicture; readonly stepPixels: number } {
  const gap = Math.max(1, Math.round(space.width / 100));
  const room = Math.max(1, Math.floor((space.width - gap * (pictures.length - 1)) / pictures.length));
  const { width, height } = fitInto(pictures.at(-1)!, { width: room, height: space.height }, pixelAspect);
  const view = { ...CENTRE, zoom };
  const shown = pictures.map((picture) => resampleRegion(picture, regionOf(picture, view), width, height));
  const joined = shown.reduce((left, right) => placeBeside(left, right, gap));
  return { picture: joined, stepPixels: width + gap };
}

const CENTRE: PreviewView = { zoom: 1, x: 0.5, y: 0.5, wipe: 0, arrangement: 'wipe' };

/** The largest size with the picture's shape, at least 1x1. */
export function fitInto(
  picture: { readonly width: number; readonly height: number },
  space: { readonly width: number; readonly height: number },
  pixelAspect: number,
): { readonly width: number; readonly height: number } {
  const shape = picture.width / picture.height / pixelAspect;
  const width = Math.max(1, Math.min(space.width, Math.floor(space.height * shape)));
  return { width, height: Math.max(1, Math.min(space.height, Math.round(width / shape))) };
}

export function regionOf(picture: RgbPicture, { zoom, x, y }: PreviewView): Region {
  const width = picture.width / zoom;
  const height = picture.height / zoom;
  return { x: x * picture.width - width / 2, y: y * picture.height - height / 2, width, height };
}

/** Left of the line the first, right of it the second. */
function wipe(first: RgbPicture, second: RgbPicture, share: number): RgbPicture {
  const { width, height } = first;
  const line = Math.round(share * width);
  const rgb = new Uint8Array(second.rgb);
  for (let y = 0; y < height; y++) {
    const row = y * width * 3;
    rgb.set(first.rgb.subarray(row, row + line * 3), row);
    if (line > 0 && line < width) rgb.set(LINE_COLOUR, row + line * 3);
  }
  return { width, height, rgb };
}

function placeBeside(first: RgbPicture, second: RgbPicture, gap: number): RgbPicture {
  const width = first.width + gap + second.width;
  const rgb = new Uint8Array(width * first.height * 3);
  for (let y = 0; y < first.height; y++) {
    const row = y * width * 3;
    rgb.set(first.rgb.subarray(y * first.width * 3, (y + 1) * first.width * 3), row);
    rgb.set(second.rgb.subarray(y * second.width * 3, (y + 1) * second.width * 3), row + (first.width + gap) * 3);
  }
  return { width, height: first.height, rgb };
}

const LINE_COLOUR = [255, 255, 255] as const;
