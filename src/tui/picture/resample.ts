/** Packed RGB, 8 bits, rows without padding. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** In pixels of the picture; may lie between them. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A region of a picture in another size: averaged where it becomes smaller, interpolated where it becomes larger.
 * For looking at, not for results.
 */
export function resampleRegion(source: RgbPicture, region: Region, width: number, height: number): RgbPicture {
  const across = spans(region.x, region.width, width, source.width);
  const down = spans(region.y, region.height, height, source.height);
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const rows = down[y]!;
    for (let x = 0; x < width; x++) {
      const columns = across[x]!;
      let [red, green, blue] = [0, 0, 0];
      for (const [row, rowWeight] of rows) {
        for (const [column, columnWeight] of columns) {
          const weight = rowWeight * columnWeight;
          const at = (row * source.width + column) * 3;
          red += source.rgb[at]! * weight;
          green += source.rgb[at + 1]! * weight;
          blue += source.rgb[at + 2]! * weight;
        }
      }
      const to = (y * width + x) * 3;
      rgb[to] = Math.round(red);
      rgb[to + 1] = Math.round(green);
      rgb[to + 2] = Math.round(blue);
    }
  }
  return { width, height, rgb };
}

type Weights = readonly (readonly [index: number, weight: number])[];

/** For each target pixel the source pixels that it is made of; the weights add up to 1. */
function spans(start: number, length: number, target: number, limit: number): readonly Weights[] {
  const step = length / target;
  const inside = (index: number) => Math.min(limit - 1, Math.max(0, index));
  return Array.from({ length: target }, (_, index) => {
    if (step <= 1) {
      const centre = start + (index + 0.5) * step - 0.5;
      const first = Math.floor(centre);
      const share = centre - first;
      return [[inside(first), 1 - share] as const, [inside(first + 1), share] as const];
    }
    // At most a few samples a pixel: a preview of a large frame must not hold up the view.
    const samples = Math.min(MAX_SAMPLES, Math.ceil(step));
    return Array.from({ length: samples }, (_, sample) => {
      const at = Math.floor(start + (index + (sample + 0.5) / samples) * step);
      return [inside(at), 1 / samples] as const;
    });
  });
}

const MAX_SAMPLES = 4;
