import { addTransformed, readTransformed, type SampleGrid, TRANSFORMS, transformedSize } from '../pixels/dihedral.ts';
import type { Rect } from '../pixels/geometry.ts';
import { type Raster, type RasterFormat, samplesOf } from '../pixels/raster.ts';
import type { SessionPool } from '../session/session-pool.ts';

/** The network's variant that an ensemble runs: 16 bit, so that the average is taken over more than whole levels. */
export function ensembleFormat({ channels }: RasterFormat): RasterFormat {
  return { channels, bytesPerSample: 2 };
}

export interface EnsembleRun {
  /** The network wrapped in `ensembleFormat`. */
  readonly networkFile: string;
  readonly source: Raster;
  readonly window: Rect;
  readonly scale: number;
  readonly take: (upscaled: Uint8Array<ArrayBuffer>) => void;
}

/**
 * Self-ensemble ("test-time augmentation"): the network sees the window in eight ways, and the results, turned back,
 * are averaged. Samples are summed as whole numbers of 16 bit, so the order of the runs does not matter, and the
 * picture turned or mirrored gives exactly the result turned or mirrored. Its own work is near 1 % of eight runs.
 */
export async function runEnsemble(pool: SessionPool, run: EnsembleRun, signal: AbortSignal | undefined): Promise<void> {
  const { networkFile, source, window, scale } = run;
  const { channels, bytesPerSample } = source;
  const format = ensembleFormat(source);
  const grid: SampleGrid = { samples: samplesOf(source), width: source.width, channels };
  const size = { width: window.width * scale, height: window.height * scale };
  const widen = bytesPerSample === 1 ? 257 : 1;
  // Made with the first result: many windows wait at a time.
  let sum: SampleGrid<Uint32Array> | null = null;
  await Promise.all(
    TRANSFORMS.map((transform) =>
      pool.run(
        {
          networkFile,
          format,
          size: transformedSize(window, transform),
          fill: (target) =>
            readTransformed(samplesOf({ data: target, bytesPerSample: 2 }), grid, window, transform, widen),
          take: (upscaled) => {
            sum ??= { samples: new Uint32Array(size.width * size.height * channels), width: size.width, channels };
            addTransformed(sum, size, samplesOf({ data: upscaled, bytesPerSample: 2 }), transform);
          },
        },
        signal,
      ),
    ),
  );
  run.take(averageOf(sum!, bytesPerSample));
}

/** The eighth part, rounded half up, in 8 or 16 bit. */
function averageOf({ samples }: SampleGrid<Uint32Array>, bytesPerSample: 1 | 2): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(samples.length * bytesPerSample);
  const average = samplesOf({ data: bytes, bytesPerSample });
  const parts = TRANSFORMS.length * (bytesPerSample === 1 ? 257 : 1);
  // Typed arrays cut the fraction off.
  for (let i = 0; i < samples.length; i++) average[i] = (samples[i]! + parts / 2) / parts;
  return bytes;
}
