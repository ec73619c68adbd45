import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  asUpreelError,
  diskFull,
  isOutOfMemory,
  nameTooLong,
  outOfMemory,
  systemErrorCode,
  UpreelError,
} from '../errors.ts';
import type { Size } from '../geometry.ts';
import { publishFile } from '../publish.ts';
import type { Raster } from '../raster.ts';
import { Carrier, type CarrierSamples } from './carrier.ts';
import { addMetadata, convertToAvif, type Encoding, encodePixels } from './encode.ts';
import { flattenOn } from './flatten.ts';
import type { PictureMetadata } from './metadata.ts';
import { checkFormatHolds, type Effort, FORMAT_ABILITIES, type OutputFormat } from './output-format.ts';
import { prepareMetadata } from './output-metadata.ts';
import { isOpaque, joinAlpha, narrowSamples } from './samples.ts';
import { Scratch } from './scratch.ts';
import { needsSizing, sizePages } from './size-pages.ts';
import { type PagePlan, writtenLayout, writtenSize } from './written-layout.ts';

/** A file to be written, and the rows that will come. */
export interface PicturePlan {
  /** The pages as their rows come, in order. */
  readonly pages: readonly PagePlan[];
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  readonly alpha: boolean;
  readonly format: OutputFormat;
  /** 0 to 100; null: the format's default. Means nothing where no data is lost. */
  readonly quality: number | null;
  readonly effort: Effort;
  readonly lossless: boolean;
  /** As the source's reader gave it; orientation and sizes in it are brought up to date. */
  readonly metadata: PictureMetadata;
  /** Leave out EXIF, XMP, IPTC and density. */
  readonly strip: boolean;
  /** The colour behind alpha and around the picture, as #rrggbb, to write one without alpha; null keeps alpha. */
  readonly flatten: string | null;
  readonly overwrite: boolean;
}

/** Takes a picture's rows from top to bottom, page after page, and makes the file appear when it is complete. */
export interface PictureSink {
  /** What the format cannot hold, known before the first row. */
  readonly warnings: readonly string[];
  /** Whole rows of the current page; `alpha` of the same size if the plan has alpha, else null. */
  writeRows(rows: { readonly colour: Raster; readonly alpha: Raster | null }): Promise<void>;
  /** @throws UpreelError `output-exists`, `disk-full`, `output-unwritable`; nothing is left behind then. */
  finish(): Promise<{ readonly bytes: number }>;
  /** Leaves nothing behind. Harmless after `finish` and when repeated. */
  abort(): Promise<void>;
}

/**
 * Starts a file. Everything that the format, the plan or the folder forbids is said here, before any work.
 * @throws UpreelError `usage`, `output-exists`, `output-unwritable`, `disk-full`.
 */
export async function createPicture(path: string, plan: PicturePlan): Promise<PictureSink> {
  checkPlan(plan);
  await checkDestination(path, plan.overwrite);
  const { bytesPerSample, warning } = chooseDepth(plan);
  const target = { ...plan, ...writtenLayout(plan), size: writtenSize(plan.pages[0]!) };
  const { metadata, warnings } = await prepareMetadata(plan.metadata, target);
  const writer = new PictureWriter(path, { ...plan, bytesPerSample, metadata });
  return {
    warnings: warning === null ? warnings : [warning, ...warnings],
    writeRows: (rows) => writer.guard(() => writer.writeRows(rows)),
    finish: () => writer.guard(() => writer.finish()),
    abort: () => writer.abort(),
  };
}

class PictureWriter {
  readonly #path: string;
  readonly #plan: PicturePlan;
  readonly #scratch: Scratch;
  /** Encoded pages of a TIFF file. */
  readonly #pageFiles: string[] = [];
  #carrier: Carrier | null = null;
  #page = 0;
  #row = 0;
  /** So far, all that is in the carrier. */
  #opaque = true;
  /** The step that runs, so that an abort does not take the files from under it. */
  #step: Promise<unknown> = Promise.resolve();
  #aborted = false;

  constructor(path: string, plan: PicturePlan) {
    this.#path = path;
    this.#plan = plan;
    this.#scratch = new Scratch(path);
  }

  async writeRows({ colour, alpha }: { colour: Raster; alpha: Raster | null }): Promise<void> {
    const page = this.#plan.pages[this.#page];
    const problem = describeMismatch(this.#plan, page, page === undefined ? 0 : page.height - this.#row, colour, alpha);
    if (problem !== null) throw new UpreelError('internal', problem);
    this.#carrier ??= await this.#openCarrier();
    await this.#carrier.write(this.#interleave(colour, alpha));
    this.#row += colour.height;
    if (this.#row < page!.height) return;
    if (this.#plan.format === 'tiff') await this.#encodePage(this.#carrier, this.#page);
    this.#page += 1;
    this.#row = 0;
  }

  async finish(): Promise<{ bytes: number }> {
    const { format, pages, overwrite } = this.#plan;
    if (this.#page < pages.length) {
      throw new UpreelError('internal', `Expected ${pages.length} pages, got ${this.#page} and ${this.#row} rows.`);
    }
    if (format !== 'tiff') await this.#encodePage(this.#carrier!, 0);
    const complete = await this.#complete();
    const { size: bytes } = await stat(complete);
    if (this.#aborted) throw new UpreelError('interrupted', 'Interrupted.');
    await publishFile(complete, this.#path, { overwrite });
    await this.#dispose();
    return { bytes };
  }

  /** Runs a step; if it fails, nothing is left. */
  async guard<T>(step: () => Promise<T>): Promise<T> {
    if (this.#aborted) throw new UpreelError('interrupted', 'Interrupted.');
    try {
      const running = step();
      this.#step = running;
      return await running;
    } catch (error) {
      await this.#dispose();
      throw writeError(error, this.#path);
    }
  }

  async abort(): Promise<void> {
    this.#aborted = true;
    await Promise.allSettled([this.#step]);
    await this.#dispose();
  }

  async #dispose(): Promise<void> {
    await this.#carrier?.discard();
    this.#carrier = null;
    await this.#scratch.removeAll();
  }

  #interleave(colour: Raster, alpha: Raster | null): Uint8Array {
    const { bytesPerSample, flatten } = this.#plan;
    const narrow = (raster: Raster) => (bytesPerSample === 1 ? narrowSamples(raster) : raster);
    const { alpha: staysClear, channels } = writtenLayout(this.#plan);
    if (alpha !== null && staysClear) {
      const joined = joinAlpha(narrow(colour), narrow(alpha));
      this.#opaque &&= isOpaque(joined, this.#samples());
      return joined;
    }
    const isDone = alpha === null && channels === colour.channels;
    return narrow(isDone || flatten === null ? colour : flattenOn(colour, alpha, flatten)).data;
  }

  async #openCarrier(): Promise<Carrier> {
    this.#opaque = true;
    return Carrier.create(this.#carriedPages(), this.#samples(), await this.#scratch.name('tif'), MEMORY_BYTES);
  }

  /** Of the carrier that takes the current page. */
  #carriedPages(): readonly PagePlan[] {
    const { pages, format } = this.#plan;
    return format === 'tiff' ? pages.slice(this.#page, this.#page + 1) : pages;
  }

  #samples(): CarrierSamples {
    const { channels, alpha } = writtenLayout(this.#plan);
    return { bands: channels + (alpha ? 1 : 0), bytesPerSample: this.#plan.bytesPerSample, alpha };
  }

  async #encodePage(carrier: Carrier, page: number): Promise<void> {
    const encoding = this.#encoding(page);
    const pixels = encoding.format === 'avif' ? ({ ...encoding, format: 'png' } as const) : encoding;
    const file = await this.#scratch.name(pixels.format);
    await carrier.finish();
    const isOurs = needsSizing(this.#carriedPages(), this.#samples(), this.#plan.flatten, this.#opaque);
    const sized = isOurs ? await this.#size(carrier) : carrier;
    const rest = sized === carrier ? pixels : { ...pixels, resized: pixels.size, canvas: null };
    await encodePixels(await sized.finish(), rest, file);
    await sized.discard();
    this.#carrier = null;
    this.#pageFiles.push(file);
  }

  async #size(carrier: Carrier): Promise<Carrier> {
    const target = { file: await this.#scratch.name('tif'), memoryBytes: MEMORY_BYTES };
    const sized = await sizePages(carrier, this.#samples(), this.#carriedPages(), this.#plan.flatten, target);
    await carrier.discard();
    this.#carrier = sized;
    return sized;
  }

  async #complete(): Promise<string> {
    const encoding = this.#encoding(0);
    const complete = await addMetadata(this.#pageFiles, encoding, await this.#scratch.name(encoding.format));
    if (encoding.format !== 'avif') return complete;
    const avif = await this.#scratch.name('avif');
    await convertToAvif(complete, encoding, avif);
    return avif;
  }

  #encoding(page: number): Encoding {
    const { pages } = this.#plan;
    const { resizeTo, canvas = null, ...carried } = pages[page]!;
    const count = this.#plan.format === 'tiff' ? 1 : pages.length;
    const size = writtenSize(pages[page]!);
    return { ...this.#plan, ...writtenLayout(this.#plan), resized: resizeTo ?? carried, canvas, size, pages: count };
  }
}

/** Results up to 64 megapixels of 8-bit RGB wait in memory, larger ones in a file. */
const MEMORY_BYTES = 64e6 * 3;

function checkPlan(plan: PicturePlan): void {
  const { format, alpha, flatten, lossless, quality } = plan;
  const abilities = FORMAT_ABILITIES[format];
  checkFormatHolds(format, plan.pages.map(writtenSize));
  if (flatten !== null && !/^#[0-9a-f]{6}$/i.test(flatten)) {
    throw new UpreelError('usage', `Expected a colour like #ffffff for \`flatten\`, got ${flatten}.`);
  }
  if (quality !== null && !(quality >= 0 && quality <= 100)) {
    throw new UpreelError('usage', `Expected 0 to 100 for \`quality\`, got ${quality}.`);
  }
  if (alpha && flatten === null && !abilities.alpha) {
    throw new UpreelError('usage', `${abilities.name} has no transparency, but the source has.`, {
      hint: 'Write PNG, WebP or TIFF, or put a colour behind it: --flatten "#ffffff".',
    });
  }
  if (lossless && abilities.lossless === 'never') {
    throw new UpreelError('usage', `${abilities.name} cannot be lossless.`, {
      hint: 'Write PNG, TIFF or lossless WebP.',
    });
  }
}

/** @throws UpreelError if the file exists or its folder cannot be written to: better now than after the work. */
async function checkDestination(path: string, overwrite: boolean): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENAMETOOLONG') throw nameTooLong(path, error);
    return null;
  });
  if (found !== null && (!overwrite || !found.isFile())) {
    throw new UpreelError('output-exists', `${path} exists already${found.isFile() ? '' : ' and is not a file'}.`, {
      hint: found.isFile() ? 'Choose another name with -o, or add --overwrite.' : 'Choose another name with -o.',
    });
  }
  try {
    await access(dirname(path), constants.W_OK);
  } catch (error) {
    throw writeError(error, path);
  }
}

function chooseDepth({ format, bytesPerSample }: PicturePlan): { bytesPerSample: 1 | 2; warning: string | null } {
  const { name, sixteenBit } = FORMAT_ABILITIES[format];
  if (bytesPerSample === 1 || sixteenBit) return { bytesPerSample, warning: null };
  return {
    bytesPerSample: 1,
    warning: `${name} is written with 8 bits a sample; the source has more: PNG and TIFF keep them.`,
  };
}

function describeMismatch(
  plan: PicturePlan,
  page: Size | undefined,
  rowsLeft: number,
  colour: Raster,
  alpha: Raster | null,
): string | null {
  if (page === undefined) return 'Got rows after the last page.';
  if (colour.width !== page.width || colour.channels !== plan.channels) {
    return `Expected rows of ${page.width} pixels with ${plan.channels} channels, got ${colour.width} with ${colour.channels}.`;
  }
  if (colour.height > rowsLeft) return `Expected at most ${rowsLeft} rows, got ${colour.height}.`;
  if ((alpha !== null) !== plan.alpha) return `Expected rows ${plan.alpha ? 'with' : 'without'} alpha.`;
  const same =
    alpha === null || (alpha.width === colour.width && alpha.height === colour.height && alpha.channels === 1);
  return same && (alpha?.bytesPerSample ?? colour.bytesPerSample) === colour.bytesPerSample
    ? null
    : 'Expected alpha rows of the size and depth of the colour rows.';
}

function writeError(error: unknown, path: string): UpreelError {
  if (error instanceof UpreelError) return error;
  const code = systemErrorCode(error);
  const text = error instanceof Error ? error.message : '';
  if (code === 'ENOSPC' || code === 'EDQUOT' || /no space left|quota exceeded/i.test(text))
    return diskFull(error, path);
  if (isOutOfMemory(error)) return outOfMemory(`Not enough memory to write ${path}.`, error);
  if (code !== undefined || /unable to (open|write)|write error/i.test(text)) {
    return new UpreelError('output-unwritable', `Cannot write ${path}.`, {
      hint: 'Check that the folder exists and that you may write there, or choose another with -o.',
      cause: error,
    });
  }
  return asUpreelError(error);
}
