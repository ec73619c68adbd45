import type { Raster } from '../core/raster.ts';
import { maxDifference, psnr, ssim } from './metrics.ts';
import { channelPlane, lumaPlane, type Plane, shave } from './plane.ts';

export interface Comparison {
  /** dB over all samples; null: the pictures are equal. */
  readonly psnr: number | null;
  /** dB and 0..1 on luma, `border` pixels left out. */
  readonly psnrY: number | null;
  readonly ssimY: number | null;
  /** Levels of 255. */
  readonly maxDifference: number;
}

/** How alike two pictures of one size are; a gray one is compared with all three channels of a coloured one. */
export function compareRasters(a: Raster, b: Raster, border = 0): Comparison {
  const channels = Math.max(a.channels, b.channels);
  const planes = (raster: Raster): Plane[] =>
    Array.from({ length: channels }, (_, i) => channelPlane(raster, Math.min(i, raster.channels - 1)));
  const [all, others] = [join(planes(a)), join(planes(b))];
  const [lumaA, lumaB] = [shave(lumaPlane(a), border), shave(lumaPlane(b), border)];
  return {
    psnr: finite(psnr(all, others)),
    psnrY: finite(psnr(lumaA, lumaB)),
    ssimY: finite(ssim(lumaA, lumaB)),
    maxDifference: maxDifference(all, others),
  };
}

function join(planes: readonly Plane[]): Plane {
  const [first] = planes;
  const data = new Float64Array(planes.length * first!.data.length);
  for (const [i, plane] of planes.entries()) data.set(plane.data, i * plane.data.length);
  return { width: first!.width, height: first!.height * planes.length, data };
}

/** JSON has no Infinity (equal pictures) and no NaN (smaller than the SSIM window). */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
