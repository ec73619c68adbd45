import type { PlainKind } from '../definition/plain-kind.ts';
import { bmp } from '../formats/bmp/read-bmp.ts';
import { radiance } from '../formats/hdr.ts';
import { ico } from '../formats/ico.ts';
import type { PlainFormat } from '../formats/list.ts';
import { pnm } from '../formats/pnm/read-pnm.ts';
import { psd } from '../formats/psd.ts';
import { qoi } from '../formats/qoi.ts';
import { tga } from '../formats/tga.ts';
import type { PictureReader } from './decode.ts';
import { checkSize, type PictureInfo, type PictureLimits } from './inspect.ts';
import { withPicture } from './picture-source.ts';
import { type PictureFile, stillReader } from './still.ts';

/** @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-damaged`, `input-too-large`. */
export async function inspectPlain(file: PictureFile<PlainFormat>, limits: PictureLimits): Promise<PictureInfo> {
  return (await openPlain(file, limits)).info;
}

/** @throws UpreelError as `inspectPlain` does. */
export async function openPlain(file: PictureFile<PlainFormat>, limits: PictureLimits): Promise<PictureReader> {
  switch (file.format) {
    case 'bmp':
      return await openKind(file, bmp, limits);
    case 'ico':
      return await openKind(file, ico, limits);
    case 'tga':
      return await openKind(file, tga, limits);
    case 'pnm':
      return await openKind(file, pnm, limits);
    case 'hdr':
      return await openKind(file, radiance, limits);
    case 'qoi':
      return await openKind(file, qoi, limits);
    case 'psd':
      return await openKind(file, psd, limits);
  }
}

async function openKind<Own>(
  file: PictureFile<PlainFormat>,
  kind: PlainKind<Own>,
  limits: PictureLimits,
): Promise<PictureReader> {
  const { path } = file;
  const { still, own } = await withPicture(path, (source) => kind.readHeader(source, path));
  checkSize(path, still.size, limits);
  return stillReader(file, still, () => withPicture(path, (source) => kind.readPixels(source, path, still, own)));
}
