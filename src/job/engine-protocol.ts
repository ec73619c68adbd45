import type { ErrorRecord } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import type { ImageRequest } from '../core/image-request.ts';
import type { NetworkSettings } from '../core/options.ts';
import type { OutputRule, Target } from '../core/output-name.ts';
import type { DeviceName } from '../core/session.ts';
import type { VideoSettings } from '../video/index.ts';

/** Messages between the supervisor and its engine process. Pixels never travel here. */

/** Settings whose device is decided. */
export type EngineNetwork = NetworkSettings & { readonly device: DeviceName };

export type EngineTask =
  | { readonly kind: 'image'; readonly network: EngineNetwork; readonly request: ImageRequest }
  | { readonly kind: 'video'; readonly network: EngineNetwork; readonly request: VideoTask }
  | { readonly kind: 'prove'; readonly network: EngineNetwork };

/** A video whose output name and size follow from the network's scale. */
export interface VideoTask {
  readonly input: string;
  readonly output: OutputRule;
  readonly target: Target;
  readonly settings: Omit<VideoSettings, 'target'>;
}

export type EngineResult =
  | { readonly kind: 'image' | 'video' }
  | { readonly kind: 'prove'; readonly proof: DeviceProof };

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

export type EngineRequest =
  | { readonly type: 'run'; readonly id: number; readonly task: EngineTask }
  | { readonly type: 'drain'; readonly id: number }
  | { readonly type: 'cancel'; readonly id: number };

export type EngineMessage =
  /** Every few seconds: the process lives and is not stuck. */
  | { readonly type: 'alive' }
  | { readonly type: 'event'; readonly id: number; readonly event: TaskEvent }
  | { readonly type: 'settled'; readonly id: number; readonly result: EngineResult }
  | { readonly type: 'rejected'; readonly id: number; readonly error: ErrorRecord };
