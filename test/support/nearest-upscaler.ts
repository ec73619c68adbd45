import { setTimeout as sleep } from 'node:timers/promises';
import { makeRaster, type Raster } from '../../src/core/pixels/raster.ts';
import { cropInto, pasteInto } from '../../src/core/pixels/rows.ts';
import { uncovered } from '../../src/core/tile/uncovered.ts';
import type { Upscaler } from '../../src/core/upscaler/upscaler.ts';

/** The identity model: every pixel becomes a square of itself. Real pixels, no network. */
export function nearestUpscaler(scale: number, { delayMs = 0, lanes = 2 } = {}): Upscaler {
  const upscale: Upscaler['upscale'] = async (source, { signal, onTile, into } = {}) => {
    if (delayMs > 0) await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
    signal?.throwIfAborted();
    const result = enlarge(source, scale, into ?? makeRaster(source.width * scale, source.height * scale, source));
    onTile?.(result.width * result.height);
    return result;
  };
  return {
    scale,
    device: 'test',
    lanes,
    countTiles: () => 1,
    bandsOf: ({ height }) => [height],
    upscale,
    // It sees no neighbours, so a change is redone by itself.
    planChange: (size, changed) => ({
      parts: changed.map((rect) => ({ window: rect, core: rect })),
      kept: uncovered(size, changed),
      workShare: changed.reduce((sum, { width, height }) => sum + width * height, 0) / (size.width * size.height),
    }),
    async upscaleParts(source, parts, { into, ...upscaling }) {
      await Promise.all(
        parts.map(async ({ core }) => {
          const part = makeRaster(core.width, core.height, source);
          cropInto(part.data, source, core);
          const result = await upscale(part, upscaling);
          const whole = { x: 0, y: 0, width: result.width, height: result.height };
          pasteInto(into, { x: core.x * scale, y: core.y * scale }, result, whole);
        }),
      );
    },
    async *upscaleBands(source, options) {
      yield await upscale(source, options);
    },
    warmUp: async () => {},
    close: async () => {},
  };
}

function enlarge(source: Raster, scale: number, result: Raster): Raster {
  const pixelBytes = source.channels * source.bytesPerSample;
  const rowBytes = result.width * pixelBytes;
  for (let y = 0; y < source.height; y++) {
    const target = y * scale * rowBytes;
    for (let x = 0; x < source.width; x++) {
      const from = (y * source.width + x) * pixelBytes;
      for (let column = 0; column < scale; column++) {
        const to = target + (x * scale + column) * pixelBytes;
        for (let byte = 0; byte < pixelBytes; byte++) result.data[to + byte] = source.data[from + byte] ?? 0;
      }
    }
    for (let row = 1; row < scale; row++) result.data.copyWithin(target + row * rowBytes, target, target + rowBytes);
  }
  return result;
}
