import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { UpreelError } from '../../errors.ts';
import { publishFile } from '../../files/publish.ts';
import type { Raster } from '../../pixels/raster.ts';
import type { AnimationWriter } from '../animation/writer.ts';
import { Scratch } from '../bytes/scratch.ts';
import { Carrier, type CarrierSamples } from '../carrier.ts';
import type { RowFile } from '../definition/row-picture.ts';
import { needsSizing, sizePages } from '../resize/size-pages.ts';
import { isOpaque, joinAlpha, narrowSamples } from '../samples.ts';
import { completeFile } from './complete.ts';
import { carried, type Encoding, encodePixels, qualityOf, renderPixels } from './encode.ts';
import { flattenOn } from './flatten.ts';
import { writtenFormat } from './output-format.ts';
import type { PictureFilePlan } from './picture-file-plan.ts';
import { describeMismatch } from './row-mismatch.ts';
import { startAnimation, writesAsAnimation } from './start-animation.ts';
import { writeError } from './write-error.ts';
import { type PagePlan, writtenLayout, writtenSize } from './written-layout.ts';

/** The file of a plan while its rows come. */
export class PictureWriter {
  readonly #path: string;
  readonly #plan: PictureFilePlan;
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

  constructor(path: string, plan: PictureFilePlan) {
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
    return this.#animation !== null || writtenFormat(this.#plan.format).abilities.pages === 'sheaf';
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
    const { still } = writtenFormat(format);
    if (still?.by === 'rows' && pages.every(isAsItComes)) {
      const picture = { ...this.#plan, ...writtenLayout(this.#plan), ...pages[0]! };
      return still.create(await this.#newFile(this.#extension), picture);
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
