import { UpreelError } from '../errors.ts';
import type { Model, NetworkTarget, Precision } from '../model/descriptor.ts';
import type { Rect } from '../pixels/geometry.ts';
import type { Raster, RasterFormat } from '../pixels/raster.ts';
import { cropInto } from '../pixels/rows.ts';
import type { SessionPool } from '../session/session-pool.ts';
import { ensembleFormat, runEnsemble } from './ensemble.ts';
import { type Flatness, flatness } from './flat-check.ts';

/** Runs windows through the network, and does not believe a result that looks like NaN. */
export interface WindowRunner {
  run(window: WindowOfPicture, signal: AbortSignal | undefined): Promise<void>;
  warmUp(format: RasterFormat): Promise<void>;
  close(): Promise<void>;
}

export interface WindowOfPicture {
  readonly source: Raster;
  readonly window: Rect;
  /** Reads the upscaled window; may not keep it. */
  readonly take: (upscaled: Uint8Array<ArrayBuffer>) => void;
}

export interface WindowRunnerOptions {
  readonly model: Model;
  readonly pool: SessionPool;
  /** Of what `pool` runs, for samples of 8 bit: float16 spoils those of 16. */
  readonly precision: Precision;
  /** Opens sessions on the CPU, in float32, for windows that must run again; null where `pool` is that already. */
  readonly openFallback: (() => SessionPool) | null;
  /** Eight runs for each window, averaged. */
  readonly ensemble: boolean;
  /** False: every result is taken as it is. */
  readonly rerunBlank: boolean;
  readonly onWarning: (message: string) => void;
}

/** What networks on the CPU are written for. */
export const CPU_TARGET: NetworkTarget = process.arch === 'x64' ? 'x64' : 'any';

export function openWindowRunner(options: WindowRunnerOptions): WindowRunner {
  const { model, pool, openFallback, ensemble } = options;
  const { scale } = model.descriptor;
  const variantOf = (format: RasterFormat): RasterFormat => (ensemble ? ensembleFormat(format) : format);
  let fallback: SessionPool | null = null;
  const files = new Map<string, Promise<string>>();
  /** The CPU gave the same flat area: this network does that. */
  let flatIsRight = !options.rerunBlank;
  const warnOnce = once(options.onWarning);

  /** Asked once: the file is hashed whole each time, which would cost more than a small window does. */
  function fileOf({ channels, bytesPerSample }: RasterFormat, on: SessionPool): Promise<string> {
    const isGpu = on === pool && openFallback !== null;
    const target = isGpu ? 'gpu' : CPU_TARGET;
    const precision = isGpu && bytesPerSample === 1 ? options.precision : 'float32';
    const key = `${channels}x${bytesPerSample} ${target}`;
    const file = files.get(key) ?? model.networkFile({ channels, bytesPerSample, target, precision });
    files.set(key, file);
    return file;
  }

  async function run(request: WindowOfPicture, signal: AbortSignal | undefined): Promise<void> {
    const { source, window } = request;
    let found: Flatness = 'none';
    await runOn(pool, { ...request, take }, signal);
    if (found === 'none') return;
    if (openFallback === null) {
      judge(found);
      return;
    }
    fallback ??= openFallback();
    await runOn(fallback, { ...request, take: takeAgain }, signal);

    function take(upscaled: Uint8Array<ArrayBuffer>): void {
      if (!flatIsRight) found = flatness(source, window, upscaled, scale);
      if (found === 'none' || openFallback === null) request.take(upscaled);
    }

    function takeAgain(upscaled: Uint8Array<ArrayBuffer>): void {
      const again = flatness(source, window, upscaled, scale);
      if (again === 'none')
        warnOnce('The device gave blank areas (it may lack precision): they were run again on the CPU.');
      judge(again);
      request.take(upscaled);
    }
  }

  /** What float32 on the CPU gives is the network's own doing. @throws UpreelError `verification-failed` */
  function judge(found: Flatness): void {
    if (found === 'whole') {
      const message = `The network ${model.descriptor.id} made a blank tile of a part of the picture that is not blank.`;
      throw new UpreelError('verification-failed', message, {
        hint: 'Its weights are probably damaged (NaN): fetch or import them again, or use another model.',
      });
    }
    if (found === 'none') return;
    flatIsRight = true;
    warnOnce(`The network ${model.descriptor.id} made blank areas where the picture is not blank; look at the result.`);
  }

  async function runOn(on: SessionPool, request: WindowOfPicture, signal: AbortSignal | undefined): Promise<void> {
    const { source, window, take } = request;
    const format: RasterFormat = { channels: source.channels, bytesPerSample: source.bytesPerSample };
    const networkFile = await fileOf(variantOf(format), on);
    if (ensemble) await runEnsemble(on, { networkFile, source, window, scale, take }, signal);
    else await on.run({ networkFile, format, size: window, fill: (to) => cropInto(to, source, window), take }, signal);
  }

  return {
    run,
    warmUp: async (format) => pool.warmUp(variantOf(format), await fileOf(variantOf(format), pool)),
    async close() {
      await Promise.all([pool.close(), fallback?.close()]);
    },
  };
}

function once(tell: (message: string) => void): (message: string) => void {
  let told = false;
  return (message) => {
    if (!told) tell(message);
    told = true;
  };
}
