import { cropTopLeft, padToAlignment } from './align.ts';
import { planChange } from './change-plan.ts';
import type { Size } from './geometry.ts';
import { scaleRect } from './geometry.ts';
import type { Model, ModelDescriptor } from './model/descriptor.ts';
import { makeRaster, type Raster, type RasterFormat } from './raster.ts';
import { cropInto, pasteInto } from './rows.ts';
import type { DeviceName } from './session.ts';
import { openSessionPool } from './session-pool.ts';
import { planTiles, type Tile, type TilePlan } from './tiles.ts';
import type { UpscaleOptions, Upscaler } from './upscaler.ts';

export interface UpscalerOptions {
  readonly device: DeviceName;
  readonly tilePx: number;
  readonly haloPx: number;
  readonly sessions: number;
  readonly threadsPerSession: number;
}

/** Opens one network on one device. The sessions themselves open with the first tile, or with `warmUp`. */
export function openUpscaler(model: Model, options: UpscalerOptions): Upscaler {
  const { scale, alignPx } = model.descriptor;
  const pool = openSessionPool({ ...options, scale });
  const freeHaloPx = freeWindowHalo(model.descriptor, options);
  const planFor = (size: Size): TilePlan => planTiles(alignedSize(size, alignPx), { ...options, alignPx });

  async function upscale(source: Raster, upscaling: UpscaleOptions = {}): Promise<Raster> {
    const padded = padToAlignment(source, alignPx);
    const whole = padded === source && upscaling.into ? upscaling.into : makeScaled(padded, padded.height);
    await runTiles(padded, planFor(source).tiles, { target: whole, top: 0 }, upscaling);
    return cropTopLeft(whole, source.width * scale, source.height * scale);
  }

  async function upscaleParts(
    source: Raster,
    parts: readonly Tile[],
    upscaling: UpscaleOptions & { into: Raster },
  ): Promise<void> {
    await runTiles(padToAlignment(source, alignPx), parts, { target: upscaling.into, top: 0 }, upscaling);
  }

  async function* upscaleBands(source: Raster, upscaling: UpscaleOptions = {}): AsyncIterable<Raster> {
    const padded = padToAlignment(source, alignPx);
    const plan = planFor(source);
    const rowsOfTiles = Array.from({ length: plan.rows }, (_, row) =>
      plan.tiles.slice(row * plan.columns, (row + 1) * plan.columns),
    );
    const make = async (tiles: readonly Tile[]): Promise<Raster> => {
      const { y, height } = tiles[0]!.core;
      const target = makeScaled(padded, height);
      await runTiles(padded, tiles, { target, top: y * scale }, upscaling);
      const visible = Math.min(height, source.height - y);
      return cropTopLeft(target, source.width * scale, visible * scale);
    };
    // One band of look-ahead keeps the sessions busy while the consumer writes.
    let next: Promise<Raster> | null = null;
    try {
      for (const [index, tiles] of rowsOfTiles.entries()) {
        const current: Promise<Raster> = next ?? make(tiles);
        const following = rowsOfTiles[index + 1];
        next = following ? make(following) : null;
        yield await current;
      }
    } finally {
      await next?.catch(() => undefined);
    }
  }

  function makeScaled(padded: Raster, rows: number): Raster {
    return makeRaster(padded.width * scale, rows * scale, padded);
  }

  async function runTiles(
    source: Raster,
    tiles: readonly Tile[],
    { target, top }: { readonly target: Raster; readonly top: number },
    { signal, onTile }: UpscaleOptions,
  ): Promise<void> {
    const format: RasterFormat = { channels: source.channels, bytesPerSample: source.bytesPerSample };
    const networkFile = await model.networkFile(format);
    const failed = new AbortController();
    const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
    const runs = tiles.map(async ({ window, core }) => {
      const inWindow = { ...core, x: core.x - window.x, y: core.y - window.y };
      const to = scaleRect(core, scale);
      const take = (data: Uint8Array): void =>
        pasteInto(
          target,
          { x: to.x, y: to.y - top },
          { data, width: window.width * scale },
          scaleRect(inWindow, scale),
        );
      const fill = (data: Uint8Array): void => cropInto(data, source, window);
      try {
        await pool.run({ networkFile, format, size: window, fill, take }, stop);
        onTile?.(to.width * to.height);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    });
    // A failure waits for what is in flight and reports the first cause. An abort waits for nothing: a run cannot be
    // interrupted and may take long, its result goes nowhere, and the process is about to be ended anyway.
    await settledOrAborted(runs, signal);
    stop.throwIfAborted();
  }

  return {
    scale,
    device: options.device,
    lanes: pool.sessions,
    countTiles: (size) => planFor(size).tiles.length,
    bandsOf: (size) => {
      const plan = planFor(size);
      const firsts = plan.tiles.filter((_, index) => index % plan.columns === 0);
      return firsts.map(({ core }) => Math.min(core.height, size.height - core.y));
    },
    planChange: (size, changed) => planChange(size, planFor(size), changed, { ...options, alignPx, freeHaloPx }),
    upscale,
    upscaleParts,
    upscaleBands,
    warmUp: async (format: RasterFormat) => pool.warmUp(format, await model.networkFile(format)),
    close: () => pool.close(),
  };
}

/**
 * On the CPU provider the windows of a change may lie anywhere if the network rounds alike in all of them, and if the
 * picture's own tiles see as far as the network does. On other devices it depends on the driver.
 */
function freeWindowHalo({ windowExact, receptiveFieldPx }: ModelDescriptor, options: UpscalerOptions): number | null {
  if (options.device !== 'cpu' || process.arch !== 'x64' || !windowExact) return null;
  return receptiveFieldPx !== null && receptiveFieldPx <= options.haloPx ? receptiveFieldPx : null;
}

function alignedSize({ width, height }: Size, alignPx: number): Size {
  return { width: Math.ceil(width / alignPx) * alignPx, height: Math.ceil(height / alignPx) * alignPx };
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
