import { makeRaster, type Raster, samplesOf } from '../../pixels/raster.ts';

/** How the samples of a page are given. */
export interface PageLayout {
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  readonly alpha: boolean;
}

interface PagePixels {
  readonly colour: Raster;
  /** null: the page is opaque. */
  readonly alpha: Raster | null;
}

/** The narrowest layout that holds all of these. */
export function commonLayout(layouts: readonly PageLayout[]): PageLayout {
  return {
    channels: layouts.some(({ channels }) => channels === 3) ? 3 : 1,
    bytesPerSample: layouts.some(({ bytesPerSample }) => bytesPerSample === 2) ? 2 : 1,
    alpha: layouts.some(({ alpha }) => alpha),
  };
}

/** For people. */
export function nameLayout({ channels, bytesPerSample, alpha }: PageLayout): string {
  return `${channels === 1 ? 'gray' : 'RGB'}${alpha ? ' with alpha' : ''}, ${bytesPerSample * 8} bits a sample`;
}

/** The same picture in a layout that holds it: gray becomes R = G = B, 255 becomes 65535, no alpha becomes opaque. */
export function inLayout<Page extends PagePixels>(picture: Page, layout: PageLayout): Page {
  const { bytesPerSample } = layout;
  const colour = spread(picture.colour, layout.channels, bytesPerSample);
  if (!layout.alpha) return { ...picture, colour };
  const alpha =
    picture.alpha === null ? opaque(picture.colour, bytesPerSample) : spread(picture.alpha, 1, bytesPerSample);
  return { ...picture, colour, alpha };
}

function spread(source: Raster, channels: 1 | 3, bytesPerSample: 1 | 2): Raster {
  if (source.channels === channels && source.bytesPerSample === bytesPerSample) return source;
  const target = makeRaster(source.width, source.height, { channels, bytesPerSample });
  const [from, to] = [samplesOf(source), samplesOf(target)];
  const factor = source.bytesPerSample < bytesPerSample ? 257 : 1;
  const repeats = channels / source.channels;
  for (let index = 0, at = 0; index < from.length; index++) {
    for (let copy = 0; copy < repeats; copy++) to[at++] = from[index]! * factor;
  }
  return target;
}

function opaque({ width, height }: Raster, bytesPerSample: 1 | 2): Raster {
  const raster = makeRaster(width, height, { channels: 1, bytesPerSample });
  raster.data.fill(0xff);
  return raster;
}
