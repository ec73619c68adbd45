import type { Size } from '../geometry.ts';
import { type Raster, samplesOf } from '../raster.ts';
import { openPipeline } from './libvips.ts';

/**
 * Resamples with Lanczos (three lobes) to exactly `size`, in the samples' own space.
 * Alpha and colour that belong together are better resampled by a sink (`resizeTo`), which weighs colour by alpha.
 */
export async function resize(raster: Raster, size: Size): Promise<Raster> {
  const { width, height, channels, bytesPerSample } = raster;
  if (width === size.width && height === size.height) return raster;
  const wide = bytesPerSample === 2;
  const samples = samplesOf(raster);
  const { data: resized } = await openPipeline(samples, { raw: { width, height, channels } })
    .resize({ ...size, fit: 'fill', kernel: 'lanczos3' })
    .toColourspace(channels === 1 ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb')
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { ...size, channels, bytesPerSample, data: new Uint8Array(resized) };
}
