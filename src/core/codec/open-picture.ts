import { openByLibvips, type PictureReader } from './decode.ts';
import { inspectByLibvips, type PictureInfo, type PictureLimits } from './inspect.ts';
import { sniffPicture } from './sniff.ts';

/**
 * Opens a picture of any kind that upreel reads, by the decoder that serves its kind.
 * @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-damaged`, `input-too-large`.
 */
export async function openPicture(path: string, limits: PictureLimits): Promise<PictureReader> {
  const { format, bytes } = await sniffPicture(path);
  return await openByLibvips({ path, format, bytes }, limits);
}

/** What the file says of itself. @throws UpreelError as `openPicture` does. */
export async function inspectPicture(path: string, limits: PictureLimits): Promise<PictureInfo> {
  const { format, bytes } = await sniffPicture(path);
  return await inspectByLibvips({ path, format, bytes }, limits);
}
