import { withFile } from '../bytes/with-file.ts';
import type { PictureFormat } from '../formats/list.ts';
import { codingInside } from '../heif/heif-coding.ts';
import { openByLibvips, type PictureReader } from './decode.ts';
import { inspectByLibvips, type PictureInfo, type PictureLimits } from './inspect.ts';
import { inspectApng, isApng, openApng } from './open-apng.ts';
import { inspectAvis, openAvis } from './open-avis.ts';
import { inspectByFfmpeg, openByFfmpeg } from './open-by-ffmpeg.ts';
import { inspectHeic, openHeic } from './open-heic.ts';
import { inspectPlain, openPlain } from './open-plain.ts';
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
  return format === 'gif' || format === 'avis' || (format === 'png' && (await isApng(path)));
}

interface Decoder {
  open(limits: PictureLimits, signal?: AbortSignal): Promise<PictureReader>;
  inspect(limits: PictureLimits): Promise<PictureInfo>;
}

async function decoderFor(path: string): Promise<Decoder> {
  const { format, bytes } = await formatOf(path);
  switch (format) {
    case 'jpeg':
    case 'png':
    case 'webp':
    case 'tiff':
    case 'gif':
    case 'avif': {
      if (format === 'png' && (await isApng(path))) return decoder({ path, format, bytes }, openApng, inspectApng);
      return decoder({ path, format, bytes }, openByLibvips, inspectByLibvips);
    }
    case 'heic':
      return decoder({ path, bytes }, openHeic, inspectHeic);
    case 'avis':
      return decoder({ path, format, bytes }, openAvis, inspectAvis);
    case 'bmp':
    case 'ico':
    case 'tga':
    case 'pnm':
    case 'hdr':
    case 'qoi':
    case 'psd':
      return decoder({ path, format, bytes }, openPlain, inspectPlain);
    case 'jp2':
    case 'jxl':
    case 'exr':
    case 'dpx':
    case 'dds':
    case 'pcx':
    case 'sgi':
      return decoder({ path, format, bytes }, openByFfmpeg, inspectByFfmpeg);
  }
}

function decoder<File>(
  file: File,
  open: (file: File, limits: PictureLimits, signal?: AbortSignal) => Promise<PictureReader>,
  inspect: (file: File, limits: PictureLimits) => Promise<PictureInfo>,
): Decoder {
  return { open: (limits, signal) => open(file, limits, signal), inspect: (limits) => inspect(file, limits) };
}

async function formatOf(path: string): Promise<{ format: PictureFormat; bytes: number }> {
  const { format, bytes } = await sniffPicture(path);
  if (format !== 'heic' && format !== 'avif') return { format, bytes };
  return { format: await withFile(path, (source) => codingInside(source, path, format)), bytes };
}
