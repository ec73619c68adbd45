import { scaleRect } from '../pixels/geometry.ts';
import { lumaOf, spreadGray } from '../pixels/gray.ts';
import { makeRaster } from '../pixels/raster.ts';
import { cropInto, pasteInto } from '../pixels/rows.ts';
import type { Upscaler } from './upscaler.ts';

/**
 * The same network for pictures in RGB that are gray: their luma goes through its form of one channel, and comes back
 * in three equal ones. The work is the same; what a network would invent of colour is left out.
 */
export function grayUpscaler(upscaler: Upscaler): Upscaler {
  const { scale } = upscaler;
  return {
    ...upscaler,
    upscale: async (source, { into, ...options } = {}) =>
      spreadGray(await upscaler.upscale(lumaOf(source), options), into),
    async *upscaleBands(source, options) {
      for await (const band of upscaler.upscaleBands(lumaOf(source), options)) yield spreadGray(band);
    },
    async upscaleParts(source, parts, { into, ...options }) {
      const gray = makeRaster(into.width, into.height, { ...into, channels: 1 });
      await upscaler.upscaleParts(lumaOf(source), parts, { ...options, into: gray });
      for (const { core } of parts) {
        const place = scaleRect(core, scale);
        const part = makeRaster(place.width, place.height, gray);
        cropInto(part.data, gray, place);
        pasteInto(into, place, spreadGray(part), { ...place, x: 0, y: 0 });
      }
    },
    warmUp: (format) => upscaler.warmUp({ ...format, channels: 1 }),
  };
}
