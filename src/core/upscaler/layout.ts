import { type DeviceName, SHARED_DEVICES } from '../device-name.ts';
import type { ModelDescriptor } from '../model/descriptor.ts';
import type { NetworkSettings } from './network-settings.ts';
import type { UpscalerOptions } from './open-upscaler.ts';

/** How the work on one network is laid out on one device. */
export interface Layout {
  readonly sessions: number;
  readonly threadsPerSession: number;
  /** Side of a tile without its halo, in source pixels. */
  readonly tilePx: number;
  /** Whether threads of a session wait for each other actively, at full load (CPU). */
  readonly spinning: boolean;
}

export interface LayoutTrial extends Layout {
  /** Source pixels that are kept for each second, halos not counted; null: it could not be run. */
  readonly pixelsPerSecond: number | null;
}

/** Sessions and the threads of each, in which the cores may be shared out. */
export type Split = Omit<Layout, 'tilePx'>;

/** Larger windows than this take longer on a CPU than a measurement may, and leave its caches. */
const CPU_TILES_PX = [48, 64, 96, 128, 192, 256, 384, 512];
const GPU_TILES_PX = [128, 192, 256, 384, 512, 768, 1024];
/** A layout that is not faster by this much than the usual one is not worth to differ from it. */
const WORTHWHILE = 1.03;

/** Shares of the cores that are worth a try: all threads in one session, a session for each, and those between. */
export function splitsFor(device: DeviceName, cores: number): readonly Split[] {
  if (device === 'cpu') {
    const counts = [1, 2, 4, 8, cores].filter((sessions) => sessions <= Math.min(cores, MOST_SESSIONS));
    return [...new Set(counts)]
      .sort((a, b) => a - b)
      .map((sessions) => ({ sessions, threadsPerSession: Math.floor(cores / sessions), spinning: true }));
  }
  const counts = SHARED_DEVICES.includes(device) ? [1, 2, 3] : [1];
  return counts.map((sessions) => ({
    sessions,
    threadsPerSession: Math.max(1, Math.floor(cores / sessions)),
    spinning: true,
  }));
}

/** Each has the network's memory again. */
const MOST_SESSIONS = 8;

/** Tiles that are worth a try, smallest first; only the usual one for a network that takes no other. */
export function tilesFor(
  device: DeviceName,
  { gridPx, alignPx, fixedPx, wholeOnly }: ModelDescriptor,
  usualPx: number,
  limitPx: number,
): readonly number[] {
  if (fixedPx !== null || wholeOnly) return [usualPx];
  const step = Math.max(gridPx, alignPx);
  const sides = (device === 'cpu' ? CPU_TILES_PX : GPU_TILES_PX).map((side) => Math.ceil(side / step) * step);
  return [...new Set(sides.filter((side) => side <= limitPx).concat(Math.min(usualPx, limitPx)))].sort((a, b) => a - b);
}

/** The fastest, or the usual one where no other is clearly faster, or where it was not measured itself. */
export function chooseLayout(trials: readonly LayoutTrial[], usual: Layout): Layout {
  const speedOf = (trial: LayoutTrial | undefined): number => trial?.pixelsPerSecond ?? 0;
  const own = trials.find((trial) => isSameLayout(trial, usual));
  const best = trials.reduce<LayoutTrial | undefined>(
    (fastest, trial) => (speedOf(trial) > speedOf(fastest) ? trial : fastest),
    own,
  );
  if (own === undefined || best === undefined || speedOf(best) <= speedOf(own) * WORTHWHILE) return usual;
  const { sessions, threadsPerSession, tilePx, spinning } = best;
  return { sessions, threadsPerSession, tilePx, spinning };
}

export function isSameLayout(one: Layout, other: Layout): boolean {
  return (
    one.sessions === other.sessions &&
    one.threadsPerSession === other.threadsPerSession &&
    one.tilePx === other.tilePx &&
    one.spinning === other.spinning
  );
}

export function layoutOf({ sessions, threadsPerSession, tilePx, spinning = true }: UpscalerOptions): Layout {
  return { sessions, threadsPerSession, tilePx, spinning };
}

/** The usual options with a layout that was measured, as far as the settings leave that open. */
export function withLayout(
  usual: UpscalerOptions,
  { sessions, tilePx, haloPx }: NetworkSettings,
  layout: Layout | null,
): UpscalerOptions {
  // It was measured with the network's own halo, and as a whole.
  if (layout === null || sessions !== null || haloPx !== null) return usual;
  return { ...usual, ...layout, tilePx: tilePx ?? layout.tilePx };
}
