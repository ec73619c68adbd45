import { makeRaster, type Raster } from '../../core/pixels/raster.ts';
import type { UpscaleOptions, Upscaler } from '../../core/upscaler/upscaler.ts';
import { splitStacked } from './frame.ts';

/**
 * The same network for frames whose alpha is stacked below their colour (frame.ts). Parts of a frame are not upscaled
 * alone: a change runs the whole frame.
 */
export function stackedUpscaler(upscaler: Upscaler): Upscaler {
  return {
    ...upscaler,
    planChange: () => ({ parts: [], kept: [], workShare: 1 }),
    upscale: (source, { into, ...options } = {}) => {
      const { scale } = upscaler;
      const target = into ?? makeRaster(source.width * scale, source.height * scale, source);
      return upscaleStacked(upscaler, source, target, options);
    },
  };
}

/**
 * Colour and alpha of one frame, each through the network, as in stills. A flat alpha stays exactly flat, and costs
 * nothing.
 * @param into stacked like the source; gets the result and is given back.
 */
async function upscaleStacked(
  upscaler: Upscaler,
  source: Raster,
  into: Raster,
  options: Omit<UpscaleOptions, 'into'>,
): Promise<Raster> {
  const [colour, alpha] = splitStacked(source);
  const [intoColour, intoAlpha] = splitStacked(into);
  const { signal } = options;
  const work = [upscaler.upscale(colour, { ...options, into: intoColour })];
  if (isFlat(alpha)) bufferOf(intoAlpha).fill(bufferOf(alpha).subarray(0, alpha.bytesPerSample));
  else work.push(upscaler.upscale(alpha, { ...(signal === undefined ? {} : { signal }), into: intoAlpha }));
  // Both write into one buffer, which nobody may reuse before both are done.
  for (const outcome of await Promise.allSettled(work)) if (outcome.status === 'rejected') throw outcome.reason;
  return into;
}

/** A gray that is the same everywhere equals itself shifted by a sample. */
function isFlat({ data, bytesPerSample }: Raster): boolean {
  return Buffer.compare(data.subarray(bytesPerSample), data.subarray(0, data.length - bytesPerSample)) === 0;
}

function bufferOf({ data }: Raster): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.length);
}
