import { makeRaster, type Raster } from '../../src/core/pixels/raster.ts';

/**
 * A transparent picture of one colour, so that every pixel that shows has one right colour; black beyond its outline.
 */
export interface RimPicture {
  readonly name: string;
  readonly right: readonly [number, number, number];
  readonly colour: Raster;
  readonly alpha: Raster;
}

export const RIM_SIDE = 64;

export const RIM_PICTURES: readonly RimPicture[] = [
  draw('disc', [230, 120, 40], (x, y) => (Math.hypot(x, y) < 22 ? 255 : 0)),
  draw('sprite', [60, 200, 90], (x, y) =>
    Math.hypot(x, y) < 24 && (Math.floor(x / 6) + Math.floor(y / 4)) % 3 === 0 ? 255 : 0,
  ),
  draw('soft outline', [30, 60, 200], (x, y) => 255 * clamp(20.5 - Math.hypot(x, 2 * y))),
  draw('hair', [150, 90, 50], (x, y) =>
    Math.hypot(x, y) < 26 ? 200 * clamp(0.9 - Math.abs(((x + y * y * 0.02 + 99) % 9) - 4)) : 0,
  ),
];

/** Largest differences from the right colour: of what alpha above 20 shows, and of what is seen over any ground. */
export function worstAtRim({ colour, alpha }: Pick<RimPicture, 'colour' | 'alpha'>, right: readonly number[]) {
  let [ofColour, seen] = [0, 0];
  for (const [pixel, opacity] of alpha.data.entries()) {
    for (const [channel, level] of right.entries()) {
      const difference = Math.abs(colour.data[pixel * 3 + channel]! - level);
      if (opacity > 20) ofColour = Math.max(ofColour, difference);
      seen = Math.max(seen, (difference * opacity) / 255);
    }
  }
  return { colour: ofColour, seen };
}

/** @param opacity by the place from the middle, in pixels */
function draw(name: string, right: RimPicture['right'], opacity: (x: number, y: number) => number): RimPicture {
  const colour = makeRaster(RIM_SIDE, RIM_SIDE, { channels: 3, bytesPerSample: 1 });
  const alpha = makeRaster(RIM_SIDE, RIM_SIDE, { channels: 1, bytesPerSample: 1 });
  alpha.data.forEach((_, pixel) => {
    const [x, y] = [pixel % RIM_SIDE, Math.floor(pixel / RIM_SIDE)];
    alpha.data[pixel] = opacity(x - RIM_SIDE / 2 + 0.5, y - RIM_SIDE / 2 + 0.5);
    if (alpha.data[pixel]! > 0) colour.data.set(right, pixel * 3);
  });
  return { name, right, colour, alpha };
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
