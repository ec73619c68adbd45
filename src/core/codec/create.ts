import { access, constants, stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import {
  asUpreelError,
  diskFull,
  isOutOfMemory,
  nameTooLong,
  outOfMemory,
  systemErrorCode,
  UpreelError,
} from '../errors.ts';
import { publishFile } from '../publish.ts';
import type { Raster } from '../raster.ts';
import { type AnimationWriter, animationWarnings, startAnimation, writesAsAnimation } from './animation/index.ts';
import { Carrier, type CarrierSamples } from './carrier.ts';
import { completeFile } from './complete.ts';
import { carried, type Encoding, encodePixels, qualityOf, renderPixels } from './encode.ts';
import { flattenOn } from './flatten.ts';
import { proveJxl } from './jxl.ts';
import type { PictureMetadata } from './metadata.ts';
import { checkFormatHolds, type Effort, FORMAT_ABILITIES, type OutputFormat } from './output-format.ts';
import { prepareMetadata } from './output-metadata.ts';
import { checkPnmName } from './pnm.ts';
import { createRowFile, isRowFormat } from './row-file.ts';
import { describeMismatch } from './row-mismatch.ts';
import type { RowFile } from './row-picture.ts';
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
  /** How it is made, in a line for its metadata; null, and with `strip`: that is not told. */
  readonly made: string | null;
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
 * @throws UpreelError `usage`, `output-exists`, `output-unwritable`, `disk-full`, `ffmpeg-missing` (JPEG XL).
 */
export async function createPicture(path: string, plan: PicturePlan): Promise<PictureSink> {
  const { warnings, prepared } = await preparePicture(path, plan);
  const writer = new PictureWriter(path, prepared);
  await writer.guard(() => writer.open());
  return {
    warnings,
    writeRows: (rows) => writer.guard(() => writer.writeRows(rows)),
    finish: () => writer.guard(() => writer.finish()),
    abort: () => writer.abort(),
  };
}

/**
 * What `createPicture` would say, without a file. @param isFolderThere whether the file's folder exists; else it can be made.
 * @returns its warnings. @throws UpreelError as `createPicture` does.
 */
export async function checkPicture(
  path: string,
  plan: PicturePlan,
  isFolderThere: boolean,
): Promise<readonly string[]> {
  return (await preparePicture(path, plan, isFolderThere)).warnings;
}

async function preparePicture(
  path: string,
  plan: PicturePlan,
  isFolderThere = true,
): Promise<{ readonly warnings: readonly string[]; readonly prepared: PicturePlan }> {
  checkPlan(plan);
  if (plan.format === 'pnm') checkPnmName(path, { ...plan, ...writtenLayout(plan) });
  if (isFolderThere) await checkDestination(path, plan.overwrite);
  const { bytesPerSample, warning } = chooseDepth(plan);
  const made = plan.strip ? null : plan.made;
  const target = { ...plan, ...writtenLayout(plan), made, size: writtenSize(plan.pages[0]!) };
  const prepared = await prepareMetadata(plan.metadata, target);
  const { metadata, warnings } = plan.format === 'jxl' ? await proveJxl(prepared, target) : prepared;
  const shown = { delaysMs: metadata.delaysMs, alpha: target.alpha };
  return {
    warnings: [...(warning === null ? [] : [warning]), ...animationWarnings(plan.format, shown), ...warnings],
    prepared: { ...plan, bytesPerSample, metadata, made },
  };
}

class PictureWriter {
  readonly #path: string;
  readonly #plan: PicturePlan;
  readonly #scratch: Scratch;
  /** Encoded pages of a TIFF file. */
  readonly #pageFiles: string[] = [];
  /** Takes the rows: libvips' input, or the file itself. */
  #rows: Carrier | RowFile | null = null;
  /** Takes the finished pages of an animation. */
  #animation: AnimationWriter | null = null;
  #page = 0;
  #row = 0;
  /** So far, all that is in the carrier. */
  #opaque = true;
  /** The step that runs, so that an abort does not take the files from under it. */
  #step: Promise<unknown> = Promise.resolve();
  readonly #abort = new AbortController();

  constructor(path: string, plan: PicturePlan) {
    this.#path = path;
    this.#plan = plan;
    this.#scratch = new Scratch(path);
  }

  /** Starts what must be known to run before the work. */
  async open(): Promise<void> {
    const { format, pages, metadata } = this.#plan;
    if (!writesAsAnimation(format, pages.length)) return;
    this.#animation = await startAnimation(format, {
      ...this.#plan,
      size: writtenSize(pages[0]!),
      samples: this.#samples(),
      delaysMs: metadata.delaysMs,
      pages: pages.length,
      loop: metadata.loop ?? 0,
      quality: qualityOf(this.#plan),
      newFile: this.#newFile,
    });
  }

  async writeRows({ colour, alpha }: { colour: Raster; alpha: Raster | null }): Promise<void> {
    const page = this.#plan.pages[this.#page];
    const problem = describeMismatch(this.#plan, page, page === undefined ? 0 : page.height - this.#row, colour, alpha);
    if (problem !== null) throw new UpreelError('internal', problem);
    this.#rows ??= await this.#openRows();
    await this.#rows.write(this.#interleave(colour, alpha));
    this.#row += colour.height;
    if (this.#row < page!.height) return;
    if (this.#isPageByPage) await this.#encodePage(this.#page);
    this.#page += 1;
    this.#row = 0;
  }

  async finish(): Promise<{ bytes: number }> {
    const { pages, overwrite } = this.#plan;
    if (this.#page < pages.length) {
      throw new UpreelError('internal', `Expected ${pages.length} pages, got ${this.#page} and ${this.#row} rows.`);
    }
    if (!this.#isPageByPage) await this.#encodePage(0);
    const complete = await this.#complete();
    const { size: bytes } = await stat(complete);
    this.#abort.signal.throwIfAborted();
    await publishFile(complete, this.#path, { overwrite });
    await this.#dispose();
    return { bytes };
  }

  /** Runs a step; if it fails, nothing is left. */
  async guard<T>(step: () => Promise<T>): Promise<T> {
    this.#abort.signal.throwIfAborted();
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
    this.#abort.abort(new UpreelError('interrupted', 'Interrupted.'));
    await Promise.allSettled([this.#step]);
    await this.#dispose();
  }

  async #dispose(): Promise<void> {
    await this.#discardRows();
    await this.#animation?.stop();
    await this.#scratch.removeAll();
  }

  async #discardRows(): Promise<void> {
    await this.#rows?.discard();
    this.#rows = null;
  }

  get #isPageByPage(): boolean {
    return this.#plan.format === 'tiff' || this.#animation !== null;
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

  async #openRows(): Promise<Carrier | RowFile> {
    const { pages, format } = this.#plan;
    this.#opaque = true;
    if (isRowFormat(format) && pages.every(isAsItComes)) {
      const picture = { ...this.#plan, ...writtenLayout(this.#plan), ...pages[0]! };
      return createRowFile(await this.#newFile(this.#extension), format, picture);
    }
    return Carrier.create(this.#carriedPages(), this.#samples(), await this.#newFile('tif'), MEMORY_BYTES);
  }

  /** Of the carrier that takes the current page. */
  #carriedPages(): readonly PagePlan[] {
    const { pages } = this.#plan;
    return this.#isPageByPage ? pages.slice(this.#page, this.#page + 1) : pages;
  }

  #samples(): CarrierSamples {
    const { channels, alpha } = writtenLayout(this.#plan);
    return { bands: channels + (alpha ? 1 : 0), bytesPerSample: this.#plan.bytesPerSample, alpha };
  }

  async #encodePage(page: number): Promise<void> {
    const rows = this.#rows!;
    if (!(rows instanceof Carrier)) return;
    const planned = this.#encoding(page);
    await rows.finish();
    const isOurs = needsSizing(this.#carriedPages(), this.#samples(), this.#plan.flatten, this.#opaque);
    const sized = isOurs ? await this.#size(rows) : rows;
    const rest = sized === rows ? planned : { ...planned, resized: planned.size, canvas: null };
    if (this.#animation !== null) {
      const pixels = await renderPixels(await sized.finish(), rest);
      await this.#discardRows();
      return await this.#animation.add(pixels);
    }
    const encoding = carried(rest);
    const file = await this.#newFile(encoding.format);
    await encodePixels(await sized.finish(), encoding, file);
    await this.#discardRows();
    this.#pageFiles.push(file);
  }

  async #size(carrier: Carrier): Promise<Carrier> {
    const target = { file: await this.#newFile('tif'), memoryBytes: MEMORY_BYTES };
    const sized = await sizePages(carrier, this.#samples(), this.#carriedPages(), this.#plan.flatten, target);
    await carrier.discard();
    this.#rows = sized;
    return sized;
  }

  async #complete(): Promise<string> {
    if (this.#animation !== null) return await this.#animation.finish();
    const rows = this.#rows;
    if (rows !== null && !(rows instanceof Carrier)) return await rows.finish();
    return await completeFile(this.#pageFiles, this.#encoding(0), {
      newFile: this.#newFile,
      extension: this.#extension,
      signal: this.#abort.signal,
    });
  }

  readonly #newFile = (extension: string): Promise<string> => this.#scratch.name(extension);

  get #extension(): string {
    return extname(this.#path).slice(1).toLowerCase();
  }

  #encoding(page: number): Encoding {
    const { pages } = this.#plan;
    const { resizeTo, canvas = null, ...carried } = pages[page]!;
    return {
      ...this.#plan,
      ...writtenLayout(this.#plan),
      resized: resizeTo ?? carried,
      canvas,
      size: writtenSize(pages[page]!),
    };
  }
}

/** Results up to 64 megapixels of 8-bit RGB wait in memory, larger ones in a file. */
const MEMORY_BYTES = 64e6 * 3;

/** Whether the file shows a page's rows as they come. */
function isAsItComes({ resizeTo, canvas = null }: PagePlan): boolean {
  return resizeTo === null && canvas === null;
}

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
  if (plan.pages.length > 1 && abilities.pages === 'animation' && plan.metadata.delaysMs.length !== plan.pages.length) {
    throw new UpreelError(
      'usage',
      `${abilities.name} holds one picture or an animation; the source's ${plan.pages.length} pages have no times.`,
      {
        hint: 'Write .tif, which holds a document of several pages.',
      },
    );
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
