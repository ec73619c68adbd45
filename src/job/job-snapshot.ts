import type { ErrorRecord } from '../core/errors.ts';
import type { Progress, TaskStarted } from '../core/events.ts';

/**
 * `queued`: waits for its device. `resting`: outside its hours (`--only`). `draining`: ends after the segments at work.
 * `interrupted`: its supervisor is gone or was stopped, and it can go on. `failed` and `cancelled` can go on too.
 */
export type JobState =
  | 'queued'
  | 'resting'
  | 'running'
  | 'paused'
  | 'draining'
  | 'interrupted'
  | 'failed'
  | 'cancelled'
  | 'done';

/** What a viewer may ask of a job. */
export type JobAction = 'pause' | 'resume' | 'drain' | 'cancel' | 'remove' | 'move-up' | 'move-down';

/** A job as anyone may see it, at one moment: plain data, put together from its folder, its lock and its supervisor. */
export interface JobSnapshot {
  /** Short and stable: what commands take, beside the folder and the output. */
  readonly id: string;
  readonly state: JobState;
  readonly input: string;
  readonly output: string;
  /** Its directory; the finished job of a viewer that saw it end has none. */
  readonly folder: string;
  readonly model: string;
  readonly device: string;
  /** Place among those that wait for the same device, from 1; null: it does not wait. */
  readonly place: number | null;
  readonly nice: number;
  /** `22:00-07:00`, local time; null: at any time. */
  readonly only: string | null;
  /** When it was listed first, in milliseconds of the wall clock. */
  readonly createdAtMs: number;
  /** When the run that works on it began to, which is not the first where it was interrupted; null: none does. */
  readonly begunAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly started: TaskStarted | null;
  readonly progress: Progress | null;
  readonly segments: readonly JobSegment[];
  /** Newest last; the oldest of many are dropped. */
  readonly warnings: readonly string[];
  /** Why it failed. */
  readonly error: ErrorRecord | null;
  readonly supervisorPid: number | null;
  /** Only of a film of a fleet: who works on it now. */
  readonly workers?: readonly JobWorker[];
  /** Only of a film of a fleet that goes before all others, or after them. */
  readonly rank?: 'first' | 'last';
}

/** A machine, or a part of one, that works on a film. */
export interface JobWorker {
  readonly name: string;
  readonly device: string;
  /** null: it joins the film. */
  readonly segment: number | null;
  readonly framesPerSecond: number | null;
  /** What hinders it, as a sentence; null: nothing. */
  readonly trouble: string | null;
}

export interface JobSegment {
  readonly index: number;
  readonly startFrame: number;
  readonly endFrame: number;
  readonly state: 'planned' | 'running' | 'done';
  /** More than one: it was begun again after a failure or a kill. */
  readonly attempts: number;
  /** 0 to 1: share of the work that was taken over from frames before; null until done. */
  readonly reusedShare: number | null;
  /** Of its committed file; null until done. */
  readonly bytes: number | null;
}

/** All jobs, live: what the dashboard draws. Losing a job's folder or supervisor changes a state, and never throws. */
export interface JobFeed {
  /** Whether these are jobs of this machine; else films of a fleet. */
  readonly isLocal: boolean;
  /** Now, and whenever something changed (at most 5 times a second). @returns ends it. */
  subscribe(listener: (jobs: readonly JobSnapshot[]) => void): () => void;
  /** @throws UpreelError with a sentence for the person who asked. */
  act(id: string, action: JobAction): Promise<void>;
  /** The last lines of a job's history as plain text, oldest first: foreign, so not for a terminal as they are. */
  log(id: string, lines: number): Promise<readonly string[]>;
  /**
   * The newest pair of frames, if the job's supervisor has one: packed RGB, 8 bits, rows without padding.
   * @returns null if there is none yet.
   */
  preview(id: string): Promise<FramePair | null>;
  close(): void;
}

export interface FramePair {
  readonly frame: number;
  readonly before: { readonly width: number; readonly height: number; readonly rgb: Uint8Array };
  readonly after: { readonly width: number; readonly height: number; readonly rgb: Uint8Array };
}
