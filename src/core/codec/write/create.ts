import { checkDestination, checkPlan, chooseDepth } from './check-plan.ts';
import { writtenFormat } from './output-format.ts';
import { prepareMetadata } from './output-metadata.ts';
import type { PictureFilePlan, PictureSink } from './picture-file-plan.ts';
import { PictureWriter } from './picture-writer.ts';
import { writtenLayout, writtenSize } from './written-layout.ts';

/**
 * Starts a file. Everything that the format, the plan or the folder forbids is said here, before any work.
 * @throws UpreelError `usage`, `output-exists`, `output-unwritable`, `disk-full`, `ffmpeg-missing` (JPEG XL).
 */
export async function createPicture(path: string, plan: PictureFilePlan): Promise<PictureSink> {
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
 * What `createPicture` would say, without a file. @param isFolderThere whether the file's folder exists; else it can be
 * made.
 * @returns its warnings. @throws UpreelError as `createPicture` does.
 */
export async function checkPicture(
  path: string,
  plan: PictureFilePlan,
  isFolderThere: boolean,
): Promise<readonly string[]> {
  return (await preparePicture(path, plan, isFolderThere)).warnings;
}

async function preparePicture(
  path: string,
  plan: PictureFilePlan,
  isFolderThere = true,
): Promise<{ readonly warnings: readonly string[]; readonly prepared: PictureFilePlan }> {
  checkPlan(plan);
  const written = writtenFormat(plan.format);
  written.checkName?.(path, writtenLayout(plan));
  if (isFolderThere) await checkDestination(path, plan.overwrite);
  const { bytesPerSample, warning } = chooseDepth(plan);
  const made = plan.strip ? null : plan.made;
  const target = { ...plan, ...writtenLayout(plan), made, size: writtenSize(plan.pages[0]!) };
  const prepared = await prepareMetadata(plan.metadata, target);
  const { metadata, warnings } = (await written.prove?.(prepared, target)) ?? prepared;
  const shown = { delaysMs: metadata.delaysMs, alpha: target.alpha };
  return {
    warnings: [...(warning === null ? [] : [warning]), ...(written.warningsOf?.(shown) ?? []), ...warnings],
    prepared: { ...plan, bytesPerSample, metadata, made },
  };
}
