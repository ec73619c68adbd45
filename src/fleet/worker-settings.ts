import type { MachineNetwork } from '../engine/index.ts';
import type { SharedStore } from '../store/index.ts';
import type { FleetConnection } from './connection.ts';

/** How this machine runs whatever is asked of it. */
export interface WorkerSettings {
  /** No other worker has it. */
  readonly name: string;
  readonly network: MachineNetwork;
  /** Who has not renewed its hold for as long has lost it. */
  readonly lockSeconds: number;
  readonly nice: number;
  readonly stallSeconds: number;
  /** On which metrics are served, on this machine alone; null: none are. */
  readonly metricsPort: number | null;
}

/** For logs: one record for each thing that happens. */
export interface WorkerNews {
  readonly type: 'ready' | 'segment' | 'film' | 'failed' | 'lost' | 'released' | 'trouble' | 'warning';
  readonly film?: string;
  readonly segment?: number;
  readonly seconds?: number;
  readonly frames?: number;
  readonly isNew?: boolean;
  readonly message?: string;
  /** Of the metrics. */
  readonly port?: number;
}

export interface WorkerContext {
  readonly connection: FleetConnection;
  readonly store: SharedStore;
  readonly onNews: (news: WorkerNews) => void;
  /** Aborted: what is at work is finished, nothing else begun. */
  readonly drain: AbortSignal;
  /** Aborted: what is at work goes back to the queue at once. */
  readonly signal: AbortSignal;
}
