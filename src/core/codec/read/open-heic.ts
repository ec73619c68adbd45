import { UpreelError } from '../../errors.ts';
import { withFile } from '../bytes/with-file.ts';
import { type HeifMeta, readHeifFile } from '../heif/heif-boxes.ts';
import { decodeHeic } from '../heif/heif-decoder.ts';
import { heifExtras } from '../heif/heif-extras.ts';
import type { HeifLayout } from '../heif/heif-layout.ts';
import { readHeifMetadata } from '../heif/heif-metadata.ts';
import { describeHeif, type HeifPicture } from '../heif/heif-picture.ts';
import { damagedPicture } from '../libvips.ts';
import { checkSize, type PictureLimits } from '../picture-limits.ts';
import { divideByAlpha, multipliedNote } from '../samples.ts';
import type { DecodedPicture, PictureReader } from './decode.ts';
import type { PictureInfo } from './inspect.ts';

/**
 * Opens the primary picture of a HEIF file with HEVC inside, as phones write it.
 * @throws UpreelError as `inspectHeic` does.
 */
export async function openHeic(
  file: { path: string; bytes: number },
  limits: PictureLimits,
  signal: AbortSignal | undefined,
): Promise<PictureReader> {
  const { info, picture, meta } = await describe(file, limits);
  const readPage = async (page: number): Promise<DecodedPicture> => {
    if (page !== 0) throw new UpreelError('usage', `${file.path} has 1 page; there is no page ${page + 1}.`);
    const { colour, alpha } = await withFile(file.path, (source) =>
      decodeHeic(source, meta, picture, { path: file.path, signal }),
    );
    if (picture.premultiplied && alpha !== null) divideByAlpha(colour, alpha);
    return { ...picture.size, page, colour, alpha, metadata: info.metadata, warnings: [] };
  };
  return {
    info,
    readPage,
    pages: async function* () {
      yield await readPage(0);
    },
  };
}

/**
 * What the file says of its primary picture.
 * @throws UpreelError `input-damaged`, `input-too-large`, `input-unreadable`.
 */
export async function inspectHeic(file: { path: string; bytes: number }, limits: PictureLimits): Promise<PictureInfo> {
  return (await describe(file, limits)).info;
}

async function describe(
  { path, bytes }: { path: string; bytes: number },
  limits: PictureLimits,
): Promise<{ info: PictureInfo; picture: HeifPicture; meta: HeifMeta }> {
  return await withFile(path, async (source) => {
    const file = await readHeifFile(source);
    if (file.meta === null) throw damagedPicture(path);
    const picture = await describeHeif(source, file.meta, path);
    for (const layout of [picture.colour, picture.alpha]) if (layout !== null) checkLayout(path, layout, limits);
    const { metadata, warnings } = await readHeifMetadata(source, file.meta, picture, path);
    const info: PictureInfo = {
      path,
      format: 'heic',
      bytes,
      pages: [picture.size],
      animated: false,
      channels: picture.channels,
      bytesPerSample: picture.bytesPerSample,
      alpha: picture.alpha !== null,
      metadata,
      warnings: [...warnings, ...(picture.premultiplied ? [multipliedNote(path)] : []), ...heifExtras(file, path)],
    };
    return { info, picture, meta: file.meta };
  });
}

/** All that is allocated on the way to the picture. */
function checkLayout(path: string, { canvas, partSize, size }: HeifLayout, limits: PictureLimits): void {
  for (const one of [canvas, partSize, size]) checkSize(path, one, limits);
}
