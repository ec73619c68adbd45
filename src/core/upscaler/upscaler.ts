import type { Rect, Size } from '../pixels/geometry.ts';
import type { Raster, RasterFormat } from '../pixels/raster.ts';
import type { ChangePlan } from '../tile/change-plan.ts';
import type { Tile } from '../tile/tiles.ts';

/** One network opened on one device: what stills, video and the bridge call. Safe to call many times at once. */
export interface Upscaler {
  /** The network's own scale. */
  readonly scale: number;
  /** The device that passed its proof: "cpu", "webgpu", ... */
  readonly device: string;
  /** How many tiles run at once; more frames in flight than this bring no speed. */
  readonly lanes: number;
  /** Tiles that a picture of this size is cut into (1: it runs whole). */
  countTiles(size: Size): number;
  /**
   * Upscales one picture; the result has the source's format and `scale` times its size. The source is not changed.
   * @throws UpreelError `interrupted` (aborted), `out-of-memory`, `device-unavailable`, `internal`.
   */
  upscale(source: Raster, options?: UpscaleOptions): Promise<Raster>;
  /**
   * The same by bands from top to bottom, for pictures whose result should not be in memory whole: each band is
   * complete rows of the result, to be consumed before the next is made.
   */
  upscaleBands(source: Raster, options?: UpscaleOptions): AsyncIterable<Raster>;
  /** What has to run again after a picture of this size changed inside these rectangles: a pure plan. */
  planChange(size: Size, changed: readonly Rect[]): ChangePlan;
  /**
   * Upscales parts of a picture into a result: where they are those of a `ChangePlan` and the rest of `into` is taken
   * over from the result before the change, `into` holds byte for byte what `upscale` gives. Throws as `upscale` does.
   */
  upscaleParts(source: Raster, parts: readonly Tile[], options: UpscaleOptions & { into: Raster }): Promise<void>;
  /** Heights, in source rows, of the bands that `upscaleBands` gives for a picture of this size. */
  bandsOf(size: Size): readonly number[];
  /** Opens the session for a format before it is needed, so that its loading time is not counted as speed. */
  warmUp(format: RasterFormat): Promise<void>;
  close(): Promise<void>;
}

export interface UpscaleOptions {
  readonly signal?: AbortSignal;
  /** After each tile, with the output pixels that it finished. */
  readonly onTile?: (outputPixels: number) => void;
  /**
   * Receives the result instead of a new raster (same format as the source, `scale` times its size). `upscale` only.
   */
  readonly into?: Raster;
}
