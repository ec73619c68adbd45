import type { ErrorRecord } from '../core/errors.ts';
import type { Progress, StageLoad, TaskDone, TaskEvent, TaskStarted } from '../core/events.ts';

/** All that the view shows, made from events alone; strings in it are still foreign. */
export interface ViewState {
  /** How many inputs were asked for; null if nobody said. */
  readonly inputsTotal: number | null;
  /** A model being fetched before its task starts. */
  readonly pull: PullNews | null;
  readonly current: CurrentTask | null;
  /** What will not change any more, oldest first: grows only at its end. */
  readonly settled: readonly SettledRow[];
  readonly inputsDone: number;
  readonly inputsFailed: number;
  readonly warnings: number;
  /** How often the person asked to stop. */
  readonly interrupts: number;
  readonly end: { readonly code: number; readonly error: ErrorRecord | null } | null;
}

export interface CurrentTask {
  readonly started: TaskStarted;
  /** From 1. */
  readonly number: number;
  readonly progress: Progress | null;
  /** Wall clock of the last news, milliseconds: the finish time is counted from here. */
  readonly newsAtMs: number;
}

export type SettledRow =
  | { readonly type: 'done'; readonly done: TaskDone; readonly kind: TaskStarted['kind'] }
  | { readonly type: 'failed'; readonly input: string; readonly error: ErrorRecord }
  | { readonly type: 'warning'; readonly message: string; readonly input: string | null }
  | { readonly type: 'warnings-hidden' }
  | { readonly type: 'pulled'; readonly model: string; readonly bytes: number };

export type ViewAction =
  | { readonly type: 'event'; readonly event: TaskEvent; readonly atMs: number }
  | { readonly type: 'interrupt' }
  | { readonly type: 'exit'; readonly code: number; readonly error: ErrorRecord | null };

export type PullNews = Extract<TaskEvent, { type: 'pull' }>;

/** A source that warns at every frame must not scroll everything else away, nor fill memory. */
export const MAX_WARNING_ROWS = 50;

export function initialState(inputsTotal: number | null): ViewState {
  return {
    inputsTotal,
    pull: null,
    current: null,
    settled: [],
    inputsDone: 0,
    inputsFailed: 0,
    warnings: 0,
    interrupts: 0,
    end: null,
  };
}

export function reduce(state: ViewState, action: ViewAction): ViewState {
  switch (action.type) {
    case 'event':
      return reduceEvent(state, action.event, action.atMs);
    case 'interrupt':
      return { ...state, interrupts: state.interrupts + 1 };
    case 'exit':
      return { ...state, pull: null, end: { code: action.code, error: action.error } };
  }
}

function reduceEvent(state: ViewState, event: TaskEvent, atMs: number): ViewState {
  switch (event.type) {
    case 'pull':
      return reducePull(state, event);
    case 'started':
      return { ...state, pull: null, current: startTask(state, event, atMs) };
    case 'progress':
      if (state.current === null) return state;
      return { ...state, current: { ...state.current, progress: event, newsAtMs: atMs } };
    case 'warning':
      return reduceWarning(state, event.message);
    case 'done':
      return settle(
        { ...state, current: null, inputsDone: state.inputsDone + 1 },
        { type: 'done', done: event, kind: state.current?.started.kind ?? 'video' },
      );
    case 'failed':
      return settle(
        { ...state, pull: null, current: null, inputsFailed: state.inputsFailed + 1 },
        { type: 'failed', input: event.input, error: event.error },
      );
  }
}

function reducePull(state: ViewState, event: PullNews): ViewState {
  if (event.bytesTotal <= 0 || event.bytesDone < event.bytesTotal) return { ...state, pull: event };
  // A source may report its end more than once.
  if (state.pull === null && isLastPulled(state, event.model)) return state;
  return settle({ ...state, pull: null }, { type: 'pulled', model: event.model, bytes: event.bytesDone });
}

function isLastPulled(state: ViewState, model: string): boolean {
  const last = state.settled.at(-1);
  return last?.type === 'pulled' && last.model === model;
}

function startTask(state: ViewState, started: TaskStarted, atMs: number): CurrentTask {
  return { started, number: state.inputsDone + state.inputsFailed + 1, progress: null, newsAtMs: atMs };
}

function reduceWarning(state: ViewState, message: string): ViewState {
  const input = state.current?.started.input ?? null;
  const isKnown = state.settled.some((row) => row.type === 'warning' && row.message === message && row.input === input);
  if (isKnown) return state;
  const warned = { ...state, warnings: state.warnings + 1 };
  if (warned.warnings <= MAX_WARNING_ROWS) return settle(warned, { type: 'warning', message, input });
  return warned.warnings === MAX_WARNING_ROWS + 1 ? settle(warned, { type: 'warnings-hidden' }) : warned;
}

function settle(state: ViewState, row: SettledRow): ViewState {
  return { ...state, settled: [...state.settled, row] };
}

/** Share of the work done, 0..1; null: unknown. */
export function fractionDone({ progress, started }: Pick<CurrentTask, 'progress' | 'started'>): number | null {
  if (progress === null) return 0;
  return shareDone(progress, progress.framesDone, progress.framesTotal ?? started.framesTotal);
}

/** By output pixels, or by frames while the pixels are not counted, 0..1; null: unknown. */
export function shareDone(
  progress: Pick<Progress, 'outputPixelsDone' | 'outputPixelsTotal'> | null,
  framesDone: number,
  framesTotal: number | null,
): number | null {
  if (progress !== null && progress.outputPixelsTotal !== null && progress.outputPixelsTotal > 0) {
    return Math.min(1, progress.outputPixelsDone / progress.outputPixelsTotal);
  }
  return framesTotal !== null && framesTotal > 0 ? Math.min(1, framesDone / framesTotal) : null;
}

/** The stage that the others wait for: the one that waits least itself. null: not known. */
export function slowestStage({ stageLoads = [] }: Pick<Progress, 'stageLoads'>): StageLoad | null {
  return stageLoads.reduce<StageLoad | null>((most, load) => (load.busy > (most?.busy ?? 0) ? load : most), null);
}

/** Frames a second that a stage could do alone; null: it has worked too little to tell. */
export function rateAlone({ busy }: StageLoad, framesPerSecond: number | null): number | null {
  return framesPerSecond === null || busy < SURE_SHARE ? null : framesPerSecond / busy;
}

/** Busy for less than this, and how fast it could be is a guess. */
const SURE_SHARE = 0.02;
