import type { Raster } from '../../pixels/raster.ts';
import { NO_METADATA } from '../metadata/metadata.ts';
import { createPicture } from './create.ts';

/**
 * Writes samples to look at as a PNG without metadata. @param raster of 3 channels, 8 bits
 * @throws UpreelError as `createPicture` does.
 */
export async function writePlainPng(
  path: string,
  raster: Raster,
  overwrite: boolean,
): Promise<{ readonly bytes: number }> {
  const sink = await createPicture(path, {
    pages: [{ width: raster.width, height: raster.height, resizeTo: null }],
    channels: 3,
    bytesPerSample: 1,
    alpha: false,
    format: 'png',
    quality: null,
    lossless: true,
    effort: 'balanced',
    metadata: NO_METADATA,
    strip: true,
    made: null,
    flatten: null,
    overwrite,
  });
  try {
    await sink.writeRows({ colour: raster, alpha: null });
    return await sink.finish();
  } finally {
    await sink.abort();
  }
}
