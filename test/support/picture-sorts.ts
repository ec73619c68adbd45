import { writeFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { type Raster, samplesOf } from '../../src/core/pixels/raster.ts';
import { ffmpeg } from './clips.ts';

/** What a file holds: its samples, and how many bits of each. */
export interface Sort {
  readonly channels: 1 | 3;
  readonly bits: 8 | 10 | 12 | 16;
  readonly alpha: boolean;
}

/** A kind of picture file, written by a program other than upreel. */
export interface PictureKind {
  readonly name: string;
  readonly extension: string;
  readonly sorts: readonly Sort[];
  /** Width and height that its encoder needs; default: any will do. */
  readonly size?: readonly [width: number, height: number];
  /**
   * Writes `joined`: samples as the file is to hold them, alpha last. Gives what the file does hold, if it is other.
   */
  readonly make: (path: string, joined: Raster4, sort: Sort) => Promise<Raster4 | null>;
  /** Writes `joined` with a colour profile that lies in a file. */
  readonly withProfile?: (path: string, joined: Raster4, profile: string) => Promise<Raster4 | null>;
  /** Writes `joined` with an orientation, 1 to 8 as EXIF counts. */
  readonly turned?: (path: string, joined: Raster4, orientation: number) => Promise<Raster4 | null>;
  /** Writes several pictures, each shown for its time in milliseconds. */
  readonly animated?: (path: string, pictures: readonly Raster4[], delaysMs: readonly number[]) => Promise<void>;
}

/** Interleaved samples of 1 to 4 bands. */
export interface Raster4 extends Omit<Raster, 'channels'> {
  readonly bands: 1 | 2 | 3 | 4;
}

export const sort = (channels: 1 | 3, bits: Sort['bits'], alpha = false): Sort => ({ channels, bits, alpha });

export const OPAQUE_8 = [sort(1, 8), sort(3, 8)] as const;
export const ALPHA_8 = [sort(1, 8, true), sort(3, 8, true)] as const;
export const OPAQUE_16 = [sort(1, 16), sort(3, 16)] as const;
export const ALPHA_16 = [sort(1, 16, true), sort(3, 16, true)] as const;

export function title({ channels, bits, alpha }: Sort): string {
  return `${bits} bits ${channels === 1 ? 'gray' : 'RGB'}${alpha ? ' with alpha' : ''}`;
}

/** sharp, as the raw samples go in. */
export function sharpOf({ width, height, bands, bytesPerSample, data }: Raster4): Sharp {
  const samples = bytesPerSample === 2 ? new Uint16Array(data.buffer) : data;
  const space = bands <= 2 ? (bytesPerSample === 2 ? 'grey16' : 'b-w') : bytesPerSample === 2 ? 'rgb16' : 'srgb';
  return sharp(samples, { raw: { width, height, channels: bands } }).toColourspace(space);
}

/** A kind that ffmpeg encodes from these pixel formats. */
export function byFfmpeg(
  name: string,
  extension: string,
  options: readonly string[],
  formats: Readonly<Record<string, string>>,
  sorts: readonly Sort[],
): PictureKind {
  return {
    ...{ name, extension, sorts },
    async make(path, picture, wanted) {
      const raw = `${path}.raw`;
      const [data, format] = rawFor(picture, wanted);
      writeFileSync(raw, data);
      const size = `${picture.width}x${picture.height}`;
      const input = ['-f', 'rawvideo', '-pix_fmt', format, '-s', size, '-i', raw];
      const kept = formats[title(wanted)] ?? format;
      ffmpeg(...input, '-frames:v', '1', '-pix_fmt', kept, ...options, path);
      return null;
    },
  };
}

/** Samples as ffmpeg's raw video, in a pixel format that holds just them. */
export function rawFor(
  picture: Raster4,
  { channels, bits, alpha }: Sort,
  layout: 'natural' | 'planar' = 'natural',
): [Uint8Array, string] {
  if (bits === 8 && layout === 'planar') return [new Uint8Array(planesOf(picture, channels, alpha)), 'gbrp'];
  if (bits === 8) return [picture.data, channels === 1 ? (alpha ? 'ya8' : 'gray') : alpha ? 'rgba' : 'rgb24'];
  if (bits === 16) {
    return [picture.data, channels === 1 ? (alpha ? 'ya16le' : 'gray16le') : alpha ? 'rgba64le' : 'rgb48le'];
  }
  const planar = Uint16Array.from(planesOf(picture, channels, alpha), (value) => value >>> (16 - bits));
  return [new Uint8Array(planar.buffer), channels === 1 ? `gray${bits}le` : `gbr${alpha ? 'a' : ''}p${bits}le`];
}

/** Green, blue and red, or gray, and alpha behind them. */
function planesOf(picture: Raster4, channels: 1 | 3, alpha: boolean): number[] {
  const samples = samplesOf(picture);
  const order = channels === 1 ? [0] : [1, 2, 0];
  const { bands } = picture;
  return [...order, ...(alpha ? [channels] : [])].flatMap((band) =>
    Array.from({ length: samples.length / bands }, (_, pixel) => samples[pixel * bands + band]!),
  );
}
