import type { Sharp, SharpInput } from 'sharp';
import { isOutOfMemory, UpreelError } from '../../errors.ts';
import type { Size } from '../../pixels/geometry.ts';
import type { Raster } from '../../pixels/raster.ts';
import type { LibvipsKind } from '../definition/libvips-kind.ts';
import { decodeError, isCorruptJpeg, openPipeline, whole } from '../libvips.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';
import { checkSize, type PictureLimits } from '../picture-limits.ts';
import { divideByAlpha, fillLowBits, splitAlpha } from '../samples.ts';
import { concealable, describeLoss, lacksEndMark, withEndMarks } from './conceal.ts';
import { describePage, inspectByLibvips, type PageDescription, type PictureInfo, pipelineInput } from './inspect.ts';
import { readOwnHeader } from './own-header.ts';
import { inLayout, type PageLayout } from './page-layout.ts';
import type { PictureFile } from './picture-file.ts';

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
  file: PictureFile,
  kind: LibvipsKind,
  limits: PictureLimits,
): Promise<PictureReader> {
  const { path } = file;
  const info = await inspectByLibvips(file, kind, limits);
  const own = await readOwnHeader(path, kind);
  const input = await pipelineInput(path);
  const describe = async (page: number) => {
    const described = await describePage(input, { path, kind, own, page });
    checkSize(path, described.size, limits);
    return { ...described, warnings: described.warnings.filter((warning) => !info.warnings.includes(warning)) };
  };
  return {
    info,
    readPage: async (page) => {
      if (info.pages[page] === undefined) {
        throw new UpreelError('usage', `${path} has ${info.pages.length} pages; there is no page ${page + 1}.`);
      }
      const [decoded] = await decodePages(input, await describe(page), { path, page, count: 1, limits, layout: info });
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
    yield* await decodePages(input, described, { path, page, count, limits, layout: info });
    page += count;
  }
}

/**
 * An animation is decoded from its start for every read, so that few reads are better; 64 megapixels bound the memory.
 */
function pagesAtOnce({ size, orientation }: PageDescription): number {
  return orientation > 1 ? 1 : Math.max(1, Math.floor(64e6 / (size.width * size.height)));
}

interface PageRange {
  readonly path: string;
  readonly page: number;
  readonly count: number;
  readonly limits: PictureLimits;
  readonly layout: PageLayout;
}

async function decodePages(input: SharpInput, described: PageDescription, range: PageRange): Promise<DecodedPicture[]> {
  const { samples, metadata, plain } = described;
  const { data, bands, size, warnings } =
    plain === null
      ? await decodeStrictly(input, described, range)
      : await decodeStrictly(await plain(), { ...described, filePage: 0 }, range);
  if (samples.bitsUsed > 8 && samples.bitsUsed < 16) fillLowBits(data, samples.bitsUsed);
  const pageBytes = size.width * size.height * bands * samples.bytesPerSample;
  return Array.from({ length: range.count }, (_, index) => {
    // slice, not subarray: each page's memory is its own and can be handed on.
    const bytes = range.count === 1 ? data : data.slice(index * pageBytes, (index + 1) * pageBytes);
    const page = range.page + index;
    const separated = separate(bytes, bands, size, described);
    return inLayout({ ...size, page, ...separated, metadata, warnings }, range.layout);
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
 * Decodes so that any complaint of the decoder fails, and where it does, once more so that only real damage fails. What
 * is damaged is decoded as far as possible: given where that was asked for, else to know whether it could be.
 */
async function decodeStrictly(input: SharpInput, described: PageDescription, range: PageRange) {
  const { path } = range;
  const attempt = async (source: SharpInput, failOn: FailOn, ...remarks: string[]) => {
    const raw = await decodeRaw(source, described, range, failOn);
    return { ...raw, warnings: [...described.warnings, ...remarks] };
  };
  let failure: unknown;
  try {
    return await attempt(input, 'warning');
  } catch (error) {
    if (isOutOfMemory(error)) throw decodeError(error, path);
    failure = error;
  }
  try {
    if (lacksEndMark(failure)) {
      const [bare, ...others] = await withEndMarks(path);
      const whole = await attempt(bare!, 'warning', `${path} lacks its last bytes; no pixel is missing.`);
      for (const other of others) {
        const { data } = await attempt(other, 'none');
        if (!Buffer.from(data.buffer).equals(whole.data)) throw failure;
      }
      return whole;
    }
    const complaint = `${path} is not quite as its format demands: look at the result.`;
    if (!isCorruptJpeg(failure)) return await attempt(input, 'error', complaint);
  } catch (error) {
    if (isOutOfMemory(error)) throw decodeError(error, path);
    failure = error;
  }
  const { samples } = described;
  const partly = await attempt(input, 'none').catch(() => {
    throw decodeError(failure, path);
  });
  const loss = describeLoss(path, { ...partly, ...partly.size, ...samples });
  if (loss === null) throw decodeError(failure, path);
  if (range.limits.onDecodeError !== 'conceal') throw concealable(path, failure);
  return { ...partly, warnings: [...partly.warnings, loss] };
}

type FailOn = 'warning' | 'error' | 'none';

async function decodeRaw(
  input: SharpInput,
  { filePage, samples, size, orientation, ownTurn }: PageDescription,
  { count, limits }: PageRange,
  failOn: FailOn,
) {
  const wide = samples.bytesPerSample === 2;
  // 8-bit gray with alpha goes through RGB (the same value three times): raw output of "b-w" would drop the alpha.
  const space =
    samples.channels === 3 || (!wide && samples.alpha) ? (wide ? 'rgb16' : 'srgb') : wide ? 'grey16' : 'b-w';
  const pipeline = openPipeline(input, {
    page: filePage,
    pages: count,
    failOn,
    limitInputPixels: Math.max(limits.maxInputMegapixels * 1e6, 64e6),
    ignoreIcc: !samples.throughProfile,
    autoOrient: orientation > 1,
  });
  const raw = turnUpright(pipeline, ownTurn)
    .toColourspace(space)
    .raw({ depth: wide ? 'ushort' : 'uchar' });
  const { data, info } = await whole(pipeline, raw.toBuffer({ resolveWithObject: true }));
  if (info.width !== size.width || info.height !== size.height * count) {
    throw new Error(`Expected ${size.width}x${size.height * count} pixels, got ${info.width}x${info.height}.`);
  }
  return { data: ownBytes(data), bands: info.channels, size };
}

/**
 * Mirrors first, then turns by quarters clockwise: in whatever order it is asked, sharp does it so.
 * @see EXIF 2.32, Orientation
 */
function turnUpright(pipeline: Sharp, orientation: number): Sharp {
  if (orientation === 4) return pipeline.flip();
  const quarters = [0, 0, 0, 2, 0, 3, 1, 1, 3][orientation] ?? 0;
  const turned = quarters === 0 ? pipeline : pipeline.rotate(quarters * 90);
  return [2, 5, 7].includes(orientation) ? turned.flop() : turned;
}

/** The bytes as the whole of a buffer, copied only where they are a part of one. */
function ownBytes(data: Buffer): Uint8Array<ArrayBuffer> {
  const whole = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength;
  return whole ? new Uint8Array(data.buffer as ArrayBuffer) : new Uint8Array(data);
}
