import type { SharpInput } from 'sharp';
import { isOutOfMemory, UpreelError } from '../errors.ts';
import type { Size } from '../geometry.ts';
import type { Raster } from '../raster.ts';
import { readOwnHeader } from './header.ts';
import {
  checkSize,
  describePage,
  inspectByLibvips,
  type PageDescription,
  type PictureInfo,
  type PictureLimits,
  pipelineInput,
} from './inspect.ts';
import { damaged, decodeError, isCorruptJpeg, openPipeline } from './libvips.ts';
import type { PictureMetadata } from './metadata.ts';
import type { LibvipsFormat } from './picture-kinds.ts';
import { divideByAlpha, fillLowBits, splitAlpha } from './samples.ts';

/** One page, decoded whole and upright. */
export interface DecodedPicture {
  readonly width: number;
  readonly height: number;
  /** From 0. */
  readonly page: number;
  /** Gray or RGB in the file's own colour space (CMYK and CIELAB: sRGB). */
  readonly colour: Raster;
  /** One channel, as deep as `colour`, not multiplied into it; null: the page is opaque. */
  readonly alpha: Raster | null;
  /** This page's own. */
  readonly metadata: PictureMetadata;
  /** Beyond those of the reader's `info`. */
  readonly warnings: readonly string[];
}

export interface PictureReader {
  readonly info: PictureInfo;
  /** @throws UpreelError `input-damaged`, `input-unsupported`, `input-too-large`, `out-of-memory`. */
  readPage(page: number): Promise<DecodedPicture>;
  /** All pages in order, decoded as they are asked for; of an animation a few at once. */
  pages(): AsyncIterable<DecodedPicture>;
}

/** @throws UpreelError as `inspectByLibvips` does. */
export async function openByLibvips(
  { path, format, bytes }: { path: string; format: LibvipsFormat; bytes: number },
  limits: PictureLimits,
): Promise<PictureReader> {
  const info = await inspectByLibvips({ path, format, bytes }, limits);
  const own = await readOwnHeader(path, format);
  const input = await pipelineInput(path);
  const describe = async (page: number) => {
    const described = await describePage(input, { path, format, own, page });
    checkSize(path, described.size, limits);
    return { ...described, warnings: described.warnings.filter((warning) => !info.warnings.includes(warning)) };
  };
  return {
    info,
    readPage: async (page) => {
      if (info.pages[page] === undefined) {
        throw new UpreelError('usage', `${path} has ${info.pages.length} pages; there is no page ${page + 1}.`);
      }
      const [decoded] = await decodePages(input, await describe(page), { path, page, count: 1, limits });
      return decoded!;
    },
    pages: () => readPages(input, info, describe, limits),
  };
}

async function* readPages(
  input: SharpInput,
  info: PictureInfo,
  describe: (page: number) => Promise<PageDescription>,
  limits: PictureLimits,
): AsyncIterable<DecodedPicture> {
  const { path } = info;
  for (let page = 0; page < info.pages.length; ) {
    const described = await describe(page);
    const count = info.animated ? Math.min(info.pages.length - page, pagesAtOnce(described)) : 1;
    yield* await decodePages(input, described, { path, page, count, limits });
    page += count;
  }
}

/** An animation is decoded from its start for every read, so that few reads are better; 64 megapixels bound the memory. */
function pagesAtOnce({ size, orientation }: PageDescription): number {
  return orientation > 1 ? 1 : Math.max(1, Math.floor(64e6 / (size.width * size.height)));
}

interface PageRange {
  readonly path: string;
  readonly page: number;
  readonly count: number;
  readonly limits: PictureLimits;
}

async function decodePages(input: SharpInput, described: PageDescription, range: PageRange): Promise<DecodedPicture[]> {
  const { samples, metadata } = described;
  const { data, bands, size, warnings } = await decodeStrictly(input, described, range);
  if (samples.bitsUsed > 8 && samples.bitsUsed < 16) fillLowBits(data, samples.bitsUsed);
  const pageBytes = size.width * size.height * bands * samples.bytesPerSample;
  return Array.from({ length: range.count }, (_, index) => {
    // slice, not subarray: each page's memory is its own and can be handed on.
    const bytes = range.count === 1 ? data : data.slice(index * pageBytes, (index + 1) * pageBytes);
    const page = range.page + index;
    return { ...size, page, ...separate(bytes, bands, size, described), metadata, warnings };
  });
}

function separate(
  data: Uint8Array<ArrayBuffer>,
  bands: number,
  size: Size,
  { samples, premultiplied }: PageDescription,
) {
  const { channels, bytesPerSample } = samples;
  if (bands === channels) return { colour: { ...size, channels, bytesPerSample, data }, alpha: null };
  const { colour, alpha } = splitAlpha(data, { ...size, bands, channels, bytesPerSample });
  if (premultiplied) divideByAlpha(colour, alpha);
  return { colour, alpha: samples.alpha ? alpha : null };
}

/**
 * Decodes so that any complaint of the decoder fails, and where it does, once more so that only real damage fails.
 */
async function decodeStrictly(input: SharpInput, described: PageDescription, range: PageRange) {
  try {
    return { ...(await decodeRaw(input, described, range, 'warning')), warnings: described.warnings };
  } catch (error) {
    if (isCorruptJpeg(error)) throw damaged(range.path, error);
    if (isOutOfMemory(error)) throw decodeError(error, range.path);
  }
  try {
    const raw = await decodeRaw(input, described, range, 'error');
    const complaint = `${range.path} is not quite as its format demands: look at the result.`;
    return { ...raw, warnings: [...described.warnings, complaint] };
  } catch (error) {
    throw decodeError(error, range.path);
  }
}

async function decodeRaw(
  input: SharpInput,
  { samples, size, orientation }: PageDescription,
  { page, count, limits }: PageRange,
  failOn: 'warning' | 'error',
) {
  const wide = samples.bytesPerSample === 2;
  // 8-bit gray with alpha goes through RGB (the same value three times): raw output of "b-w" would drop the alpha.
  const space =
    samples.channels === 3 || (!wide && samples.alpha) ? (wide ? 'rgb16' : 'srgb') : wide ? 'grey16' : 'b-w';
  const { data, info } = await openPipeline(input, {
    page,
    pages: count,
    failOn,
    limitInputPixels: Math.max(limits.maxInputMegapixels * 1e6, 64e6),
    ignoreIcc: samples.converted === null,
    autoOrient: orientation > 1,
  })
    .toColourspace(space)
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.width !== size.width || info.height !== size.height * count) {
    throw new Error(`Expected ${size.width}x${size.height * count} pixels, got ${info.width}x${info.height}.`);
  }
  return { data: ownBytes(data), bands: info.channels, size };
}

/** The bytes as the whole of a buffer, copied only where they are a part of one. */
function ownBytes(data: Buffer): Uint8Array<ArrayBuffer> {
  const whole = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength;
  return whole ? new Uint8Array(data.buffer as ArrayBuffer) : new Uint8Array(data);
}
