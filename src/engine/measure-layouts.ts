import { asUpreelError } from '../core/errors.ts';
import type { Model } from '../core/model/index.ts';
import { makeRaster, type Raster } from '../core/pixels/raster.ts';
import { tileForBudget } from '../core/tile/tile-size.ts';
import { budgetFor, fitUpscalerOptions } from '../core/upscaler/fit-options.ts';
import {
  chooseLayout,
  isSameLayout,
  type Layout,
  type LayoutTrial,
  layoutOf,
  type Split,
  splitsFor,
  tilesFor,
} from '../core/upscaler/layout.ts';
import { openUpscaler, type UpscalerOptions } from '../core/upscaler/open-upscaler.ts';
import type { EngineNetwork, MeasuredLayouts } from './engine-protocol.ts';

/** The first look at everything may take this part of the time; the rest is for the fastest, in turns. */
const FIRST_LOOK = 0.6;
const FINALISTS = 3;
/** A run that took less is repeated: the first one at a size also gets the memory for it. */
const LONG_SECONDS = 1.5;
const LEAST_SECONDS = 0.4;

/**
 * Measures layouts of a network on its device within some seconds: whole windows of noise, tile and halo, as many at
 * once as there are sessions. What the time does not suffice for is left out, and told.
 * @throws UpreelError `interrupted`, or what the network's loading throws
 */
export async function measureLayouts(
  model: Model,
  network: EngineNetwork,
  seconds: number,
  signal: AbortSignal,
): Promise<MeasuredLayouts> {
  const { device } = network;
  const { descriptor } = model;
  const context = { signal, onWarning: () => undefined };
  const frames = await fitUpscalerOptions(network, model, 'frames', context);
  const stills = await fitUpscalerOptions(network, model, 'stills', context);
  const usual = { frames: layoutOf(frames), stills: layoutOf(stills) };
  const end = performance.now() + seconds * 1000;
  const trials = new Trials(model, frames, signal, end);
  // Nothing is chosen that was not measured beside these.
  for (const layout of [usual.frames, usual.stills]) await trials.measureAlone(layout);
  const start = performance.now();
  const splits = splitsFor(device, frames.sessions * frames.threadsPerSession);
  for (const [index, split] of splits.entries()) {
    const usualPx = split.sessions === stills.sessions ? stills.tilePx : frames.tilePx;
    const limitPx = await limitFor(network, model, { ...frames, ...split }, signal);
    const until = start + ((end - start) * FIRST_LOOK * (index + 1)) / splits.length;
    await trials.lookAt(split, tilesFor(device, descriptor, usualPx, limitPx), until);
  }
  await trials.compare([usual.frames, usual.stills], device === 'cpu');
  // A still is often one tile, which one session runs.
  const forStills = trials.all.filter(({ sessions }) => sessions === stills.sessions);
  return {
    contentHash: descriptor.contentHash,
    trials: trials.all,
    left: trials.left,
    usual,
    chosen: {
      frames: chooseLayout(trials.all, usual.frames),
      stills: chooseLayout(forStills, usual.stills),
    },
  };
}

/** On the CPU the budget of frames; elsewhere running out of memory ends the row. */
async function limitFor(
  network: EngineNetwork,
  model: Model,
  options: UpscalerOptions,
  signal: AbortSignal,
): Promise<number> {
  if (network.device !== 'cpu' || model.descriptor.fixedPx !== null) return Number.POSITIVE_INFINITY;
  return tileForBudget(await budgetFor(network, model, options, 'frames', signal));
}

class Trials {
  readonly #left: Layout[] = [];
  readonly #found = new Map<string, LayoutTrial>();
  readonly #model: Model;
  readonly #options: UpscalerOptions;
  readonly #signal: AbortSignal;
  readonly #end: number;
  /** Of a window's pixels for one thread: how long the next one will take. */
  #secondsPerPixel = 0;

  constructor(model: Model, options: UpscalerOptions, signal: AbortSignal, end: number) {
    this.#model = model;
    this.#options = options;
    this.#signal = signal;
    this.#end = end;
  }

  get all(): LayoutTrial[] {
    return [...this.#found.values()];
  }

  get left(): Layout[] {
    return this.#left.filter((layout) => !this.#found.has(keyOf(layout)));
  }

  /** Tiles from the smallest up, the first in any case, others if they end before a deadline (of performance.now). */
  async lookAt(split: Split, tiles: readonly number[], deadline: number): Promise<void> {
    await this.#open(split, async (run) => {
      for (const [index, tilePx] of tiles.entries()) {
        const layout = { ...split, tilePx };
        const expected = this.#secondsPerPixel * this.#windowPx(tilePx) ** 2 * split.sessions * 1000;
        if (index > 0 && performance.now() + expected > deadline) this.#left.push(layout);
        else if (!(await this.#measure(layout, run))) break;
      }
    });
  }

  /** Whatever time it takes. */
  async measureAlone({ tilePx, ...split }: Layout): Promise<void> {
    await this.#open(split, async (run) => void (await this.#measure({ ...split, tilePx }, run)));
  }

  /** The fastest, and those that would be taken without a measurement, once more as long as there is time. */
  async compare(usual: readonly Layout[], onCpu: boolean): Promise<void> {
    const speed = ({ pixelsPerSecond }: LayoutTrial): number => pixelsPerSecond ?? 0;
    const fastest = this.all.sort((a, b) => speed(b) - speed(a)).slice(0, FINALISTS);
    const threaded = this.all.filter(({ threadsPerSession }) => threadsPerSession > 1);
    const [best] = threaded.sort((a, b) => speed(b) - speed(a));
    const idle = onCpu && best !== undefined ? [{ ...best, spinning: false }] : [];
    const again = [...fastest, ...usual, ...idle].filter(
      (layout, index, all) => all.findIndex((other) => isSameLayout(layout, other)) === index,
    );
    for (let round = 0; round < 2; round++) {
      for (const { sessions, threadsPerSession, spinning, tilePx } of again) {
        const split = { sessions, threadsPerSession, spinning };
        const expected = this.#secondsPerPixel * this.#windowPx(tilePx) ** 2 * sessions * 2000;
        if (performance.now() + expected > this.#end) continue;
        await this.measureAlone({ ...split, tilePx });
      }
    }
  }

  async #open(split: Split, action: (run: RunWindows) => Promise<void>): Promise<void> {
    const whole = { ...this.#options, ...split, tilePx: WHOLE_PX, haloPx: 0, featherPx: 0, rerunBlank: false };
    const upscaler = openUpscaler(this.#model, whole);
    const options = { signal: this.#signal };
    try {
      await upscaler.warmUp(FORMAT);
      await action(async (window) => {
        const start = performance.now();
        await Promise.all(Array.from({ length: upscaler.lanes }, () => upscaler.upscale(window, options)));
        return (performance.now() - start) / 1000;
      });
    } finally {
      await upscaler.close();
    }
  }

  /** @returns whether it could be run at all: larger ones could not, either */
  async #measure(layout: Layout, run: RunWindows): Promise<boolean> {
    const side = this.#windowPx(layout.tilePx);
    const window = noise(side);
    try {
      let best = await run(window);
      let spent = best;
      if (best < LONG_SECONDS) {
        do {
          const next = await run(window);
          spent += next;
          best = Math.min(best, next);
        } while (spent < LEAST_SECONDS);
      }
      this.#secondsPerPixel = best / (side * side * layout.sessions);
      this.#keep({ ...layout, pixelsPerSecond: (layout.sessions * layout.tilePx ** 2) / best });
      return true;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (asUpreelError(error).code !== 'out-of-memory') throw error;
      this.#keep({ ...layout, pixelsPerSecond: null });
      return false;
    }
  }

  #keep(trial: LayoutTrial): void {
    const key = keyOf(trial);
    const before = this.#found.get(key)?.pixelsPerSecond ?? 0;
    if ((trial.pixelsPerSecond ?? 0) >= before) this.#found.set(key, trial);
  }

  /** A network of fixed size has its own windows. */
  #windowPx(tilePx: number): number {
    const { fixedPx, gridPx, alignPx } = this.#model.descriptor;
    if (fixedPx !== null) return tilePx;
    const step = Math.max(gridPx, alignPx);
    return Math.ceil((tilePx + 2 * this.#options.haloPx) / step) * step;
  }
}

function keyOf({ sessions, threadsPerSession, spinning, tilePx }: Layout): string {
  return [sessions, threadsPerSession, spinning, tilePx].join();
}

type RunWindows = (window: Raster) => Promise<number>;

const FORMAT = { channels: 3, bytesPerSample: 1 } as const;
/** No window is cut. */
const WHOLE_PX = 16_384;

/** Neither flat nor periodic: branches in activations cost what they do on pictures. */
function noise(side: number): Raster {
  const raster = makeRaster(side, side, FORMAT);
  for (let at = 0; at < raster.data.length; at++) raster.data[at] = Math.imul(at + 1, 2654435761) >>> 24;
  return raster;
}
