import type { Size } from '../../pixels/geometry.ts';
import { TAG } from '../metadata/exif.ts';
import { entryNumbers, findEntry, type TiffLayout } from '../metadata/ifd.ts';
import type { TiffPage } from './tiff-pages.ts';

/** What the tags of a page say of its samples. */
export interface TiffPageFacts {
  /** After orientation. */
  readonly size: Size;
  readonly samplesPerPixel: number;
  /** Meaning of the samples beyond colour: 0 unspecified, 1 and 2 alpha. */
  readonly extraSamples: readonly number[];
  /** Before orientation. */
  readonly storedWidth: number;
  readonly storedHeight: number;
  /** Of each sample of a pixel. */
  readonly bits: readonly number[];
  /** TIFF 6.0's PhotometricInterpretation: 2 is RGB, 5 CMYK, 8 and 9 CIELAB. */
  readonly photometric: number;
  /** Samples are whole numbers from 0 on. */
  readonly isUnsigned: boolean;
  readonly isPlanar: boolean;
  readonly isTiled: boolean;
  /** What CIELAB refers to; null: not said. */
  readonly white: readonly [number, number] | null;
}

export function tiffPageFacts({ width, height, ifd }: TiffPage, layout: TiffLayout): TiffPageFacts {
  const numbers = (tag: number) => entryNumbers(findEntry(ifd, tag), layout.littleEndian);
  const turned = (numbers(TAG.orientation)[0] ?? 1) >= 5;
  return {
    size: turned ? { width: height, height: width } : { width, height },
    samplesPerPixel: numbers(TAG.samplesPerPixel)[0] ?? 1,
    extraSamples: numbers(TAG.extraSamples),
    storedWidth: width,
    storedHeight: height,
    bits: numbers(TAG.bitsPerSample),
    photometric: numbers(TAG.photometric)[0] ?? 0,
    isUnsigned: numbers(TAG.sampleFormat).every((kind) => kind === 1),
    isPlanar: numbers(TAG.planar)[0] === 2,
    isTiled: findEntry(ifd, TAG.tileWidth) !== undefined,
    white: whiteOf(numbers(TAG.whitePoint)),
  };
}

function whiteOf([x, y]: readonly number[]): TiffPageFacts['white'] {
  return x !== undefined && y !== undefined && x > 0 && y > 0 && x + y < 1 ? [x, y] : null;
}
