import type { Size } from './geometry.ts';
import { makeRaster, type Raster } from './raster.ts';
import type { UpscaleOptions, Upscaler } from './upscaler.ts';

/**
 * The same network asked eight times, for the picture turned and mirrored in every way, and the mean of its answers:
 * the "self-ensemble" of Timofte et al. 2016, also called test-time augmentation. Eight times the work.
 */
export function selfEnsemble(upscaler: Upscaler): Upscaler {
  async function upscale(source: Raster, options: UpscaleOptions = {}): Promise<Raster> {
    const { onTile, into, ...others } = options;
    const { scale } = upscaler;
    const result = into ?? makeRaster(source.width * scale, source.height * scale, source);
    const sums = new Uint32Array(samplesOf(result).length);
    for (const turn of TURNS) {
      const turned = rearrange(source, turn, 'forth');
      const answer = await upscaler.upscale(turned, { ...others, onTile: (pixels) => onTile?.(pixels / TURNS.length) });
      const samples = samplesOf(rearrange(answer, turn, 'back'));
      for (let index = 0; index < sums.length; index++) sums[index] = sums[index]! + samples[index]!;
    }
    const mean = samplesOf(result);
    for (let index = 0; index < sums.length; index++) mean[index] = (sums[index]! + TURNS.length / 2) >> 3;
    return result;
  }
  return {
    ...upscaler,
    countTiles: (size) => upscaler.countTiles(size) * TURNS.length,
    // One band: every answer covers the whole picture.
    bandsOf: (size: Size) => [size.height],
    upscale,
    async *upscaleBands(source, options) {
      yield await upscale(source, options);
    },
  };
}

interface Turn {
  readonly transpose: boolean;
  readonly flipX: boolean;
  readonly flipY: boolean;
}

const TURNS: readonly Turn[] = [false, true].flatMap((transpose) =>
  [false, true].flatMap((flipX) => [false, true].map((flipY) => ({ transpose, flipX, flipY }))),
);

/** `forth` mirrors and then swaps rows with columns, `back` undoes it. */
function rearrange(raster: Raster, { transpose, flipX, flipY }: Turn, direction: 'forth' | 'back'): Raster {
  if (!transpose && !flipX && !flipY) return raster;
  const { channels } = raster;
  const result = transpose
    ? makeRaster(raster.height, raster.width, raster)
    : makeRaster(raster.width, raster.height, raster);
  const from = samplesOf(raster);
  const to = samplesOf(result);
  // The picture as it lies before "forth" has the mirrored axes.
  const upright = direction === 'forth' ? raster : result;
  const mirrorX = (x: number): number => (flipX ? upright.width - 1 - x : x);
  const mirrorY = (y: number): number => (flipY ? upright.height - 1 - y : y);
  for (let y = 0, at = 0; y < result.height; y++) {
    for (let x = 0; x < result.width; x++, at += channels) {
      const [sourceX, sourceY] =
        direction === 'forth'
          ? [mirrorX(transpose ? y : x), mirrorY(transpose ? x : y)]
          : transpose
            ? [mirrorY(y), mirrorX(x)]
            : [mirrorX(x), mirrorY(y)];
      const source = (sourceY * raster.width + sourceX) * channels;
      for (let channel = 0; channel < channels; channel++) to[at + channel] = from[source + channel]!;
    }
  }
  return result;
}

function samplesOf({ data, bytesPerSample }: Raster): Uint8Array | Uint16Array {
  return bytesPerSample === 1 ? data : new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}
