import type { SegmentRecord } from '../../store/index.ts';
import type { Verification } from './verify.ts';

/** From committed segments to the result under its name. */
export interface Finisher {
  /** Makes the whole result under a temporary name. */
  join(segments: readonly SegmentRecord[], folder: string, target: string, signal: AbortSignal): Promise<void>;
  /** @throws UpreelError `verification-failed`. */
  verify(ptsTicks: readonly number[], target: string, signal: AbortSignal): Promise<Verification>;
  /**
   * @param place where the result appears: the output's name, or what leads there
   * @throws UpreelError `output-exists`, `output-unwritable`, `disk-full`.
   */
  publish(target: string, place: string, overwrite: boolean): Promise<void>;
}
