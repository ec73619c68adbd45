import { abortWith } from '../abort-with.ts';
import type { DeviceName } from '../device-name.ts';
import { UpreelError } from '../errors.ts';
import type { Model, ModelDescriptor, Precision } from '../model/descriptor.ts';
import type { Pause } from '../pause.ts';
import { type Size, scaleRect } from '../pixels/geometry.ts';
import { makeRaster, type Raster } from '../pixels/raster.ts';
import { cutRows, pasteInto } from '../pixels/rows.ts';
import { openSessionPool } from '../session/session-pool.ts';
import { cropTopLeft, padByReflection, paddedSize } from '../tile/align.ts';
import { planChange } from '../tile/change-plan.ts';
import { blendDown } from '../tile/feather.ts';
import { openStitch, rowSpan } from '../tile/stitch.ts';
import type { WholeWindow } from '../tile/tile-size.ts';
import { planTiles, type Tile, type TilePlan } from '../tile/tiles.ts';
import { cutNotice } from './cut-notice.ts';
import type { UpscaleOptions, Upscaler } from './upscaler.ts';
import { openWindowRunner } from './window-runner.ts';

export interface UpscalerOptions {
  readonly device: DeviceName;
  /** Of samples of 8 bit, on GPUs; default: float32. Where a tile has to run again it is float32 on the CPU. */
  readonly precision?: Precision;
  readonly tilePx: number;
  readonly haloPx: number;
  /** Half width of the strips in which neighbouring tiles are blended; 0 where the halo covers the receptive field. */
  readonly featherPx: number;
  /** Altogether; on numbered `gpus`, on each of them. */
  readonly sessions: number;
  readonly threadsPerSession: number;
  /** Whether threads of a session wait for each other actively (CPU); default: true. */
  readonly spinning?: boolean;
  /** Numbers of the devices to run on, as the provider counts them; none: the one that the provider takes. */
  readonly gpus: readonly number[];
  /** Average each tile over its eight turned and mirrored copies, at eight times the work. */
  readonly ensemble: boolean;
  /**
   * For a network that takes in the whole picture: what may run as one window although it is longer than a tile; null
   * or left out: nothing is.
   */
  readonly whole?: WholeWindow | null;
  /**
   * Look for tiles that came out blank (NaN) and run them again on the CPU; false only where the device is on trial.
   */
  readonly rerunBlank: boolean;
}

/** A tile, and what takes its upscaled window. */
interface TileRun extends Tile {
  readonly take: (upscaled: Uint8Array) => void;
}

/**
 * Opens one network on one device. The sessions themselves open with the first tile, or with `warmUp`.
 * @param onWarning told, once, of results that had to be made again or look wrong
 * @param pause while it is on, no tile begins
 */
export function openUpscaler(
  model: Model,
  options: UpscalerOptions,
  onWarning: (message: string) => void = () => undefined,
  pause?: Pause,
): Upscaler {
  const { scale, alignPx, gridPx, fixedPx, wholeOnly } = model.descriptor;
  const { whole = null } = options;
  const pool = openSessionPool({ ...options, scale, pause });
  const cpu = { ...options, device: 'cpu', sessions: 1, gpus: [], scale, pause } as const;
  const openFallback = options.device === 'cpu' ? null : () => openSessionPool(cpu);
  const { ensemble, rerunBlank, precision = 'float32' } = options;
  const runner = openWindowRunner({ model, pool, precision, openFallback, ensemble, rerunBlank, onWarning });
  const freeHaloPx = freeWindowHalo(model.descriptor, options);
  const planFor = (size: Size): TilePlan => {
    const padded = paddedSize(size, alignPx, fixedPx);
    const isWhole = whole !== null && padded.width * padded.height <= whole.mostPixels;
    const tilePx = isWhole ? Math.max(padded.width, padded.height) : options.tilePx;
    const tiling = { ...options, tilePx, alignPx: Math.max(alignPx, gridPx), fixedPx };
    const plan = planTiles(padded, tiling);
    if (wholeOnly && plan.tiles.length > 1) throw cutUp(size, plan, options.tilePx);
    return plan;
  };
  const pad = (source: Raster): Raster => padByReflection(source, paddedSize(source, alignPx, fixedPx));
  let isCutTold = false;
  const tellOfCut = ({ size, tiles }: TilePlan): void => {
    if (isCutTold || tiles.length === 1 || !model.descriptor.seesAll || fixedPx !== null) return;
    isCutTold = true;
    onWarning(cutNotice(model.descriptor.id, size, tiles.length, whole, process.availableMemory()));
  };

  async function upscale(source: Raster, upscaling: UpscaleOptions = {}): Promise<Raster> {
    const padded = pad(source);
    const plan = planFor(source);
    tellOfCut(plan);
    if (plan.featherPx > 0) return joinBands(source, upscaleBands(source, upscaling), upscaling.into);
    const result = padded === source && upscaling.into ? upscaling.into : makeScaled(padded, padded.height);
    // Without a feather no tile waits for another: all of them keep the sessions busy.
    await runRows(padded, plan, { first: 0, last: plan.rows - 1 }, { raster: result, top: 0 }, upscaling);
    return cropTopLeft(result, source.width * scale, source.height * scale);
  }

  async function upscaleParts(
    source: Raster,
    parts: readonly Tile[],
    upscaling: UpscaleOptions & { into: Raster },
  ): Promise<void> {
    const { into } = upscaling;
    const runs = parts.map(({ window, core }) => {
      const to = scaleRect(core, scale);
      const from = scaleRect({ ...core, x: core.x - window.x, y: core.y - window.y }, scale);
      const width = window.width * scale;
      return { window, core, take: (data: Uint8Array) => pasteInto(into, to, { data, width }, from) };
    });
    await runTiles(pad(source), runs, upscaling);
  }

  async function* upscaleBands(source: Raster, upscaling: UpscaleOptions = {}): AsyncIterable<Raster> {
    const padded = pad(source);
    const plan = planFor(source);
    tellOfCut(plan);
    const make = async (row: number): Promise<Raster> => {
      const { start, end } = rowSpan(plan, row);
      const raster = makeScaled(padded, end - start);
      await runRows(padded, plan, { first: row, last: row }, { raster, top: start }, upscaling);
      return raster;
    };
    // One band of look-ahead keeps the sessions busy while the consumer writes.
    let next: Promise<Raster> | null = null;
    let shared: Raster | null = null;
    try {
      for (let row = 0; row < plan.rows; row++) {
        const current: Promise<Raster> = next ?? make(row);
        next = row + 1 < plan.rows ? make(row + 1) : null;
        const raster = await current;
        if (shared) blendDown(shared, raster);
        const { start, end } = bandSpan(plan, row);
        const finished = (end - start) * scale;
        shared = finished < raster.height ? cutRows(raster, finished, raster.height) : null;
        const visible = Math.min(end, source.height) - start;
        yield cropTopLeft(cutRows(raster, 0, visible * scale), source.width * scale, visible * scale);
      }
    } finally {
      await next?.catch(() => undefined);
    }
  }

  async function joinBands(source: Raster, bands: AsyncIterable<Raster>, into: Raster | undefined): Promise<Raster> {
    const whole = into ?? makeScaled(source, source.height);
    let offset = 0;
    for await (const { data } of bands) {
      whole.data.set(data, offset);
      offset += data.length;
    }
    return whole;
  }

  function makeScaled(padded: Raster, rows: number): Raster {
    return makeRaster(padded.width * scale, rows * scale, padded);
  }

  async function runRows(
    source: Raster,
    plan: TilePlan,
    rows: { readonly first: number; readonly last: number },
    target: { readonly raster: Raster; readonly top: number },
    upscaling: UpscaleOptions,
  ): Promise<void> {
    const runs: TileRun[] = [];
    for (let row = rows.first; row <= rows.last; row++) {
      const stitch = openStitch(plan, row, scale, target);
      for (let column = 0; column < plan.columns; column++) {
        const tile = plan.tiles[row * plan.columns + column]!;
        runs.push({ ...tile, take: (data) => stitch.take(column, data) });
      }
    }
    await runTiles(source, runs, upscaling);
  }

  async function runTiles(
    source: Raster,
    tiles: readonly TileRun[],
    { signal, onTile }: UpscaleOptions,
  ): Promise<void> {
    const { controller: failed, release } = abortWith(signal);
    const stop = failed.signal;
    const runs = tiles.map(async ({ window, core, take }) => {
      try {
        await runner.run({ source, window, take }, stop);
        onTile?.(core.width * core.height * scale * scale);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    });
    // A failure waits for what is in flight and reports the first cause. An abort waits for nothing: a run cannot be
    // interrupted and may take long, its result goes nowhere, and the process is about to be ended anyway.
    await settledOrAborted(runs, signal);
    release();
    stop.throwIfAborted();
  }

  return {
    scale,
    device: options.device,
    lanes: pool.sessions,
    countTiles: (size) => planFor(size).tiles.length,
    bandsOf: (size) => {
      const plan = planFor(size);
      return Array.from({ length: plan.rows }, (_, row) => {
        const { start, end } = bandSpan(plan, row);
        return Math.min(end, size.height) - start;
      });
    },
    planChange: (size, changed) => planChange(size, planFor(size), changed, { ...options, alignPx, freeHaloPx }),
    upscale,
    upscaleParts,
    upscaleBands,
    warmUp: (format) => runner.warmUp(format),
    close: () => runner.close(),
  };
}

function cutUp({ width, height }: Size, { tiles }: TilePlan, tilePx: number): UpreelError {
  const message = `A picture of ${width}x${height} pixels takes ${tiles.length} tiles of ${tilePx} px, and --colour adain goes by the whole.`;
  return new UpreelError('usage', message, {
    hint: `Use --colour source, which does not; or, where memory suffices, --tile ${Math.max(width, height)}.`,
  });
}

/** Source rows that are finished once this row of tiles is: the rest of its feather waits for the next row. */
function bandSpan(plan: TilePlan, row: number): { readonly start: number; readonly end: number } {
  const { start, end } = rowSpan(plan, row);
  return { start, end: row < plan.rows - 1 ? end - 2 * plan.featherPx : end };
}

/**
 * On the CPU provider the windows of a change may lie anywhere if the network rounds alike in all of them, and if the
 * picture's own tiles see as far as the network does. On other devices it depends on the driver.
 */
function freeWindowHalo({ windowExact, receptiveFieldPx }: ModelDescriptor, options: UpscalerOptions): number | null {
  if (options.device !== 'cpu' || process.arch !== 'x64' || !windowExact) return null;
  return receptiveFieldPx !== null && receptiveFieldPx <= options.haloPx ? receptiveFieldPx : null;
}

async function settledOrAborted(runs: Promise<void>[], signal: AbortSignal | undefined): Promise<void> {
  const settled = Promise.allSettled(runs);
  if (!signal) {
    await settled;
    return;
  }
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) resolve();
  });
  await Promise.race([settled, aborted]);
  signal.removeEventListener('abort', onAbort!);
}
