import type { EngineTask } from '../../engine/index.ts';
import type { JobQueueing } from '../../job/index.ts';

/** What a command wants done: pictures and videos, one after another. */
export interface TaskSource {
  readonly tasks: readonly FileTask[];
  readonly stallSeconds?: number | undefined;
  /** A result that is there already is passed over instead of being an error. */
  readonly skipExisting?: boolean;
  /** Pictures get a page beside their result that compares it with them. */
  readonly compare?: boolean;
  /** A task reads this process's standard input or writes its standard output. */
  readonly streams?: boolean;
  /** In place of the work: says what it would be. */
  readonly dryRun?: (task: FileTask, signal: AbortSignal) => Promise<void>;
  /** Of its videos. */
  readonly queueing?: JobQueueing;
}

export type FileTask = Extract<EngineTask, { kind: 'image' | 'video' }>;
