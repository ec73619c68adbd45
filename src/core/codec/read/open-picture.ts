import { withFile } from '../bytes/with-file.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { FORMATS, type PictureFormat } from '../formats/list.ts';
import { isApng } from '../formats/png.ts';
import { codingInside } from '../heif/heif-coding.ts';
import type { PictureLimits } from '../picture-limits.ts';
import { openByLibvips, type PictureReader } from './decode.ts';
import { inspectByLibvips, type PictureInfo } from './inspect.ts';
import { inspectApng, openApng } from './open-apng.ts';
import { openAvis } from './open-avis.ts';
import { openByFfmpeg } from './open-by-ffmpeg.ts';
import { inspectHeic, openHeic } from './open-heic.ts';
import { openPlain } from './open-plain.ts';
import type { PictureFile } from './picture-file.ts';
import { sniffPicture } from './sniff.ts';

/**
 * Opens a picture of any kind that upreel reads, by the decoder that serves its kind.
 * @param signal stops a decoder that takes seconds (HEIC); the others end by themselves
 * @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-damaged`, `input-too-large`,
 *   `ffmpeg-missing`.
 */
export async function openPicture(path: string, limits: PictureLimits, signal?: AbortSignal): Promise<PictureReader> {
  const { open } = await decoderFor(path);
  return await open(limits, signal);
}

/** What the file says of itself. @throws UpreelError as `openPicture` does. */
export async function inspectPicture(path: string, limits: PictureLimits): Promise<PictureInfo> {
  const { inspect } = await decoderFor(path);
  return await inspect(limits);
}

/** Whether a picture moves and ffmpeg, too, can read how: then it can be taken as a film. */
export async function isAnimation(path: string, format: PictureFormat): Promise<boolean> {
  const { isFilm }: StillFormat = FORMATS[format];
  return isFilm !== undefined && (await isFilm(path));
}

interface Decoder {
  open(limits: PictureLimits, signal?: AbortSignal): Promise<PictureReader>;
  inspect(limits: PictureLimits): Promise<PictureInfo>;
}

async function decoderFor(path: string): Promise<Decoder> {
  const file = await identify(path);
  const { read }: StillFormat = FORMATS[file.format];
  switch (read.by) {
    case 'libvips':
      if (file.format === 'png' && (await isApng(path))) {
        return {
          open: (limits) => openApng(file, read, limits),
          inspect: (limits) => inspectApng(file, read, limits),
        };
      }
      return {
        open: (limits) => openByLibvips(file, read, limits),
        inspect: (limits) => inspectByLibvips(file, read, limits),
      };
    case 'upreel':
      return decoder((limits) => openPlain(file, read, limits));
    case 'ffmpeg':
      return decoder((limits) => openByFfmpeg(file, read, limits));
    case 'ffmpeg-tracks':
      return decoder((limits) => openAvis(file, limits));
    case 'libheif':
      return {
        open: (limits, signal) => openHeic(file, limits, signal),
        inspect: (limits) => inspectHeic(file, limits),
      };
  }
}

/** To be opened costs no more than to be inspected. */
function decoder(open: (limits: PictureLimits) => Promise<PictureReader>): Decoder {
  return { open, inspect: async (limits) => (await open(limits)).info };
}

async function identify(path: string): Promise<PictureFile> {
  const { format, bytes } = await sniffPicture(path);
  if (format !== 'heic' && format !== 'avif') return { path, format, bytes };
  return { path, format: await withFile(path, (source) => codingInside(source, path, format)), bytes };
}
