import { readTransformed, type Transform, transformedSize } from '../pixels/dihedral.ts';
import type { Size } from '../pixels/geometry.ts';
import { makeRaster, type Raster, samplesOf } from '../pixels/raster.ts';
import { bufferSource } from './bytes/byte-source.ts';
import { EXIF_BUDGET_BYTES, TAG } from './metadata/exif.ts';
import { entryNumbers, findEntry, readIfd, readTiffLayout } from './metadata/ifd.ts';

/** The orientation that an EXIF block states, 1 to 8; 1 if none or nonsense. */
export async function exifOrientation(exif: Uint8Array): Promise<number> {
  const source = bufferSource(exif);
  const layout = await readTiffLayout(source);
  const main = layout === null ? null : await readIfd(source, layout, layout.firstIfd, EXIF_BUDGET_BYTES);
  if (layout === null || main === null) return 1;
  const [stated = 1] = entryNumbers(findEntry(main, TAG.orientation), layout.littleEndian);
  return UPRIGHT[stated] === undefined ? 1 : stated;
}

/** By EXIF's orientation, how a picture is laid upright. */
const UPRIGHT: Readonly<Record<number, Transform>> = { 1: 0, 2: 1, 3: 3, 4: 2, 5: 4, 6: 6, 7: 7, 8: 5 };

export function uprightSize(size: Size, orientation: number): Size {
  return transformedSize(size, UPRIGHT[orientation] ?? 0);
}

/** The picture upright; itself if it is so already. */
export function turnUpright(raster: Raster, orientation: number): Raster {
  const transform = UPRIGHT[orientation] ?? 0;
  if (transform === 0) return raster;
  const { width, height, channels } = raster;
  const size = transformedSize(raster, transform);
  const turned = makeRaster(size.width, size.height, raster);
  const grid = { samples: samplesOf(raster), width, channels };
  readTransformed(samplesOf(turned), grid, { x: 0, y: 0, width, height }, transform, 1);
  return turned;
}
