import type { ModelDescriptor } from '../model/descriptor.ts';

/** Stills come one at a time; frames of a video follow each other, so that several sessions are kept busy. */
export type Work = 'stills' | 'frames';

/**
 * What one session adds to the process's resident memory: while it opens, and while a window runs a part for the
 * network and one for each pixel. Networks of many weights take the most while they open, as these lie in memory two or
 * three times then (docs/memory.md).
 */
export interface MemoryCost {
  readonly openingBytes: number;
  readonly fixedBytes: number;
  readonly bytesPerPixel: number;
}

/** The most that a session takes from its opening until a window of so many pixels has run. */
export function peakBytes({ openingBytes, fixedBytes, bytesPerPixel }: MemoryCost, pixels: number): number {
  return Math.max(openingBytes, fixedBytes + bytesPerPixel * pixels);
}

/** Below this a tile is nearly all halo: the engine gives up rather than halve it again. */
export const SMALLEST_TILE_PX = 16;
const LARGEST_TILE_PX = 1024;
/** The supervisor with its view, and the second copy of a band that is being written. */
const BESIDE_THE_ENGINE_BYTES = 100e6;
/** The arena grows by powers of two, so a straight line through two sizes is only nearly right (docs/memory.md). */
const CAUTION = 1.05;

export interface TileBudget {
  /** For all of upreel's processes. */
  readonly memoryBytes: number;
  /** Resident memory of the engine before its sessions open. */
  readonly engineBytes: number;
  readonly cost: MemoryCost;
  readonly sessions: number;
  readonly haloPx: number;
  /** Multiples that tiles come in: the side of the network's own windows. */
  readonly gridPx: number;
}

/**
 * The largest tile (without its halo) whose windows fit the budget; at least the smallest that makes sense. In steps,
 * so that two measurements on one machine mostly lead to the same tiles.
 */
export function tileForBudget(budget: TileBudget): number {
  const tile = Math.floor(Math.sqrt(windowPixels(budget))) - 2 * budget.haloPx;
  const step = Math.ceil((tile < 64 ? 8 : 32) / budget.gridPx) * budget.gridPx;
  return Math.min(LARGEST_TILE_PX, Math.max(SMALLEST_TILE_PX, Math.floor(tile / step) * step));
}

/** Whether the sessions may open, which may take more than windows of some tile. */
export function opensInBudget(budget: TileBudget): boolean {
  return openingBytes(budget) <= budget.memoryBytes;
}

/** Memory of all of upreel's processes while the sessions open. */
export function openingBytes({ engineBytes, cost, sessions }: TileBudget): number {
  return BESIDE_THE_ENGINE_BYTES + engineBytes + sessions * cost.openingBytes;
}

export function fitsBudget(budget: TileBudget, tilePx: number): boolean {
  return (tilePx + 2 * budget.haloPx) ** 2 <= windowPixels(budget);
}

/**
 * How many pixels pictures may have to be run as one window, whatever their sides, and what that takes. In steps, and
 * no more than the largest tile has, as tiles.
 */
export function wholeWindow(budget: TileBudget): WholeWindow {
  const { engineBytes, cost, sessions } = budget;
  return {
    mostPixels: Math.min(
      LARGEST_TILE_PX ** 2,
      Math.floor(windowPixels(budget) / WHOLE_STEP_PIXELS) * WHOLE_STEP_PIXELS,
    ),
    openingBytes: openingBytes(budget),
    fixedBytes: BESIDE_THE_ENGINE_BYTES + engineBytes + sessions * cost.fixedBytes,
    bytesPerPixel: sessions * cost.bytesPerPixel * CAUTION,
  };
}

/** The cost, with that of all of upreel's processes. */
export interface WholeWindow extends MemoryCost {
  readonly mostPixels: number;
}

const WHOLE_STEP_PIXELS = 64 ** 2;

/** Pixels that a window of each session may have. */
function windowPixels({ memoryBytes, engineBytes, cost, sessions }: TileBudget): number {
  const forSessions = memoryBytes - BESIDE_THE_ENGINE_BYTES - engineBytes - sessions * cost.fixedBytes;
  return Math.max(0, forSessions) / (sessions * cost.bytesPerPixel * CAUTION);
}

/**
 * What upreel allows itself unless told: at most a quarter of what the machine (or the control group) has left. Windows
 * of 128 to 512 px take as long for each pixel, so that what a larger tile saves is its halo: of 34 px, 400 MB lose 35
 * % of the work to it, 1 GB 18 %. Still larger ones would make people wait long for each step of progress. Attention
 * takes more memory, and to see less of the picture costs it quality, too (docs/tiling.md); pictures that networks take
 * in as a whole are cut as late as can be.
 */
export function defaultMemoryBytes(
  { flopsPerPixel, gridPx, seesAll }: Pick<ModelDescriptor, 'flopsPerPixel' | 'gridPx' | 'seesAll'>,
  work: Work,
  availableBytes: number,
): number {
  const light = flopsPerPixel < WIDE_NETWORK_FLOPS && gridPx === 1 && !seesAll;
  const whole = seesAll && work === 'stills';
  const enough = whole ? 6e9 : light ? (work === 'stills' ? 1e9 : 2e9) : 3e9;
  return Math.min(enough, availableBytes / 4);
}

/** Networks above this are RRDB and their like: few pixels a second, much memory for each. */
export const WIDE_NETWORK_FLOPS = 6e6;
