import { makeRaster, type Raster, samplesOf } from '../../src/core/pixels/raster.ts';
import { seededRandom } from '../core/model/writers/random-networks.ts';

/** A level of 255 for each channel of a pixel. */
export type Scene = (x: number, y: number) => number;

/** Soft slopes and hard edges. */
export const SCENE: Scene = (x, y) =>
  100 + 30 * Math.sin(x / 5) + 20 * Math.cos(y / 7) + (Math.floor(x / 13) % 2 === 0 ? 25 : 0);

/** Frames of scenes with noise on them, RGB: the same for the same seed. @param sigma of the noise, in levels of 255 */
export function noisyFrames(
  scenes: readonly Scene[],
  { width = 64, height = 48, sigma = 4, seed = 1, bytesPerSample = 1 as 1 | 2 } = {},
): Raster[] {
  const random = seededRandom(seed);
  // A sum of four is near enough to normal; its variance is 4 / 3.
  const normal = () => (random() + random() + random() + random()) * Math.sqrt(3 / 4);
  const unit = bytesPerSample === 1 ? 1 : 257;
  return scenes.map((scene) => {
    const raster = makeRaster(width, height, { channels: 3, bytesPerSample });
    const samples = samplesOf(raster);
    for (let at = 0; at < samples.length; at++) {
      const pixel = Math.floor(at / 3);
      const level = scene(pixel % width, Math.floor(pixel / width)) + sigma * normal();
      samples[at] = Math.round(Math.min(255, Math.max(0, level)) * unit);
    }
    return raster;
  });
}

export function repeated(count: number, scene: Scene = SCENE): Scene[] {
  return Array.from({ length: count }, () => scene);
}
