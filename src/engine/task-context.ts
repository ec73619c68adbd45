import type { TaskEvent } from '../core/events.ts';
import type { SegmentNews } from '../video/index.ts';
import type { OpenTile, RowsNotice } from './engine-protocol.ts';

export interface TaskContext {
  readonly signal: AbortSignal;
  /** Aborted: a video ends after the segments at work; the others have nothing to finish first. */
  readonly drain: AbortSignal;
  readonly onEvent: (event: TaskEvent) => void;
  /** Called once the network is open, or was open already. */
  readonly onOpen: (tile: OpenTile) => void;
  readonly onRows: (rows: RowsNotice) => void;
  readonly onSegments: (news: readonly SegmentNews[]) => void;
}
