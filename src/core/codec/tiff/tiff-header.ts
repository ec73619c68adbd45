import type { ByteSource } from '../bytes/byte-source.ts';
import type { OwnHeader } from '../definition/libvips-kind.ts';
import { foreignFormat } from '../input-errors.ts';
import { damagedPicture } from '../libvips.ts';
import { EXIF_BUDGET_BYTES, extractExif, ifdDensity } from '../metadata/exif.ts';
import { readIfd } from '../metadata/ifd.ts';
import { CAMERA_RAW, isCameraRaw } from './camera-raw.ts';
import { tiffPageFacts } from './tiff-page-facts.ts';
import { readTiffPages } from './tiff-pages.ts';

/**
 * What libvips does not tell of a TIFF.
 * @throws UpreelError `input-damaged` for a file without a readable page, `input-unsupported` for a camera's raw file.
 */
export async function readTiffHeader(source: ByteSource, path: string): Promise<Partial<OwnHeader>> {
  const found = await readTiffPages(source);
  const first = found?.pages[0];
  if (found === null || first === undefined) throw damagedPicture(path);
  const { layout, pages } = found;
  if (await isCameraRaw(source, first.ifd, layout)) throw foreignFormat(path, CAMERA_RAW);
  const full = await readIfd(source, layout, layout.firstIfd, EXIF_BUDGET_BYTES);
  return {
    density: ifdDensity(first.ifd, layout.littleEndian),
    exif: full === null ? null : await extractExif(source, layout, full),
    tiffPages: pages.map((page) => tiffPageFacts(page, layout)),
  };
}
