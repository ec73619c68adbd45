import type { DeviceName } from '../core/device-name.ts';
import type { ErrorRecord } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import type { OutputRule, Target } from '../core/files/output-name.ts';
import type { Size } from '../core/pixels/geometry.ts';
import type { ImageRequest } from '../core/still/image-request.ts';
import type { PixelLayout } from '../core/still/upscale-pixels.ts';
import type { Layout, LayoutTrial } from '../core/upscaler/layout.ts';
import type { NetworkSettings } from '../core/upscaler/network-settings.ts';
import type { EndedFilm, MadeSegment, PreviewPair, SegmentNews, SubmittedFilm, VideoSettings } from '../video/index.ts';

/**
 * Messages between the supervisor and its engine process. Pixels travel elsewhere (pixel-port.ts), but for previews.
 */

/** Settings whose device is decided. */
export type EngineNetwork = NetworkSettings & { readonly device: DeviceName };

export type EngineTask =
  | { readonly kind: 'image'; readonly network: EngineNetwork; readonly request: ImageRequest }
  | { readonly kind: 'video'; readonly network: EngineNetwork; readonly request: VideoTask }
  | { readonly kind: 'pixels'; readonly network: EngineNetwork; readonly request: PixelTask }
  | { readonly kind: 'prove'; readonly network: EngineNetwork }
  | { readonly kind: 'tune'; readonly network: EngineNetwork; readonly seconds: number }
  | ({ readonly kind: 'submit'; readonly network: EngineNetwork; readonly request: VideoTask } & InStore)
  | ({ readonly kind: 'segment'; readonly network: EngineNetwork; readonly index: number } & Attempt)
  | ({ readonly kind: 'ending'; readonly network: EngineNetwork } & Attempt);

/** Root of a store that other machines share. */
interface InStore {
  readonly store: string;
}

interface Attempt extends InStore {
  readonly film: string;
  /** Of this attempt alone: lower-case letters and digits. */
  readonly token: string;
  /** Name of who works. */
  readonly worker: string;
}

/** Pixels that come in over the engine's pixel port after `started`, and go out over it in announced rows. */
export interface PixelTask extends PixelLayout {
  readonly source: Size;
  readonly target: Target | { readonly kind: 'exact'; readonly size: Size };
  /** 0..1: how much of the network's result, the rest is the source plainly resampled. */
  readonly strength: number;
}

/** Rows of the result that are about to come over the pixel port. */
export interface RowsNotice {
  readonly y: number;
  readonly height: number;
  readonly bytes: number;
}

/** A video whose output name and size follow from the network's scale. */
export interface VideoTask {
  readonly input: string;
  readonly output: OutputRule;
  readonly target: Target;
  readonly settings: Omit<VideoSettings, 'target'>;
}

export type EngineResult =
  | { readonly kind: 'image' | 'video' | 'pixels' }
  | { readonly kind: 'prove'; readonly proof: DeviceProof }
  | { readonly kind: 'tune'; readonly measured: MeasuredLayouts }
  | { readonly kind: 'submit'; readonly film: SubmittedFilm }
  | { readonly kind: 'segment'; readonly segment: MadeSegment }
  | { readonly kind: 'ending'; readonly ended: EndedFilm };

/** What a device did with a known tile, beside the CPU provider. */
export interface DeviceProof {
  readonly device: DeviceName;
  /** Largest and mean difference from the CPU provider's result, in levels of 255. */
  readonly maxDifference: number;
  readonly meanDifference: number;
  /** Seconds for the same tile once warm. */
  readonly deviceSeconds: number;
  readonly cpuSeconds: number;
}

/** Layouts of one network on one device, by their speed. */
export interface MeasuredLayouts {
  readonly contentHash: string;
  readonly trials: readonly LayoutTrial[];
  /** Those that there was no time for. */
  readonly left: readonly Layout[];
  /** What is taken without a measurement. */
  readonly usual: { readonly frames: Layout; readonly stills: Layout };
  readonly chosen: { readonly frames: Layout; readonly stills: Layout };
}

export type EngineRequest =
  | { readonly type: 'run'; readonly id: number; readonly task: EngineTask }
  | { readonly type: 'drain'; readonly id: number }
  | { readonly type: 'cancel'; readonly id: number }
  /** For all tasks: what is in memory stays, no tile begins while it is on. */
  | { readonly type: 'pause'; readonly on: boolean }
  /** Answered by one `preview`. */
  | { readonly type: 'preview' };

/** The tiles that an open network runs on. */
export interface OpenTile {
  readonly tilePx: number;
  /** Smaller ones than this bring nothing, or cannot be had. */
  readonly leastTilePx: number;
}

export type EngineMessage =
  /** Every few seconds: the process lives and is not stuck. */
  | { readonly type: 'alive' }
  | { readonly type: 'event'; readonly id: number; readonly event: TaskEvent }
  | ({ readonly type: 'opened'; readonly id: number } & OpenTile)
  | { readonly type: 'rows'; readonly id: number; readonly rows: RowsNotice }
  | { readonly type: 'segments'; readonly id: number; readonly news: readonly SegmentNews[] }
  | { readonly type: 'preview'; readonly pair: PreviewPair | null }
  | { readonly type: 'settled'; readonly id: number; readonly result: EngineResult }
  | { readonly type: 'rejected'; readonly id: number; readonly error: ErrorRecord };
