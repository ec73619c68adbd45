import { openByLibvips, type PictureReader } from './decode.ts';
import { inspectHeic, openHeic } from './heic.ts';
import { codingInside } from './heif-coding.ts';
import { inspectByLibvips, type PictureInfo, type PictureLimits } from './inspect.ts';
import { type PictureFormat, sniffPicture } from './sniff.ts';
import { withFile } from './with-file.ts';

/**
 * Opens a picture of any kind that upreel reads, by the decoder that serves its kind.
 * @param signal stops a decoder that takes seconds (HEIC); the others end by themselves
 * @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-damaged`, `input-too-large`.
 */
export async function openPicture(path: string, limits: PictureLimits, signal?: AbortSignal): Promise<PictureReader> {
  const { format, bytes } = await formatOf(path);
  if (format === 'heic') return await openHeic({ path, bytes }, limits, signal);
  return await openByLibvips({ path, format, bytes }, limits);
}

/** What the file says of itself. @throws UpreelError as `openPicture` does. */
export async function inspectPicture(path: string, limits: PictureLimits): Promise<PictureInfo> {
  const { format, bytes } = await formatOf(path);
  if (format === 'heic') return await inspectHeic({ path, bytes }, limits);
  return await inspectByLibvips({ path, format, bytes }, limits);
}

async function formatOf(path: string): Promise<{ format: PictureFormat; bytes: number }> {
  const { format, bytes } = await sniffPicture(path);
  if (format !== 'heic' && format !== 'avif') return { format, bytes };
  return { format: await withFile(path, (source) => codingInside(source, path, format)), bytes };
}
