import type { Raster } from '../raster.ts';
import { animationWarnings } from './animation/index.ts';
import { checkDestination, checkPlan, chooseDepth } from './check-plan.ts';
import { proveJxl } from './jxl.ts';
import type { PictureMetadata } from './metadata.ts';
import type { Effort, OutputFormat } from './output-format.ts';
import { prepareMetadata } from './output-metadata.ts';
import { PictureWriter } from './picture-writer.ts';
import { checkPnmName } from './pnm.ts';
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
