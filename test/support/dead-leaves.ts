import { makeRaster, type Raster } from '../../src/core/pixels/raster.ts';
import { seededRandom } from '../core/model/writers/random-networks.ts';

/**
 * Discs one upon the other, of all sizes, seen through a lens that is not quite sharp: gray levels whose statistics are
 * near to those of photographs (Lee, Mumford and Huang, "Occlusion models for natural images", 2001). The same for the
 * same seed.
 */
export function deadLeaves(width: number, height: number, seed = 1): Raster {
  const raster = makeRaster(width, height, { channels: 1, bytesPerSample: 1 });
  const signed = seededRandom(seed);
  const random = (): number => (signed() + 1) / 2;
  for (let leaf = 0; leaf < (width * height) / 12; leaf++) {
    // Radii of density r^-3, from 2 pixels.
    const radius = Math.min(40, Math.floor(2 / Math.sqrt(1 - random())));
    const level = Math.floor(30 + 190 * random());
    const [centreX, centreY] = [Math.floor(width * random()), Math.floor(height * random())];
    for (let y = Math.max(0, centreY - radius); y < Math.min(height, centreY + radius + 1); y++) {
      for (let x = Math.max(0, centreX - radius); x < Math.min(width, centreX + radius + 1); x++) {
        if ((x - centreX) ** 2 + (y - centreY) ** 2 <= radius ** 2) raster.data[y * width + x] = level;
      }
    }
  }
  const soft = boxBlurred(raster, 1);
  return { ...soft, data: soft.data.map((level) => level + Math.floor(5 * random()) - 2) };
}

/** The mean of a square around each pixel, borders repeated. @param reach pixels on either side */
export function boxBlurred(raster: Raster, reach: number): Raster {
  const { width, height, data } = raster;
  const inside = (at: number, length: number): number => Math.min(length - 1, Math.max(0, at));
  const blurred = data.map((_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    let sum = 0;
    for (let j = -reach; j <= reach; j++) {
      for (let i = -reach; i <= reach; i++) sum += data[inside(y + j, height) * width + inside(x + i, width)]!;
    }
    return Math.round(sum / (2 * reach + 1) ** 2);
  });
  return { ...raster, data: blurred };
}
