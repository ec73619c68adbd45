import type { JobSnapshot } from '../../job/index.ts';
import { isAtWork } from './job-state.ts';

/** How fast a job has been since this viewer looks at it. */
export interface HistoryView {
  /** Frames per second, oldest first, one for each interval; null: it did not work. */
  readonly rates: readonly (number | null)[];
  /** Of all rates that were seen: those that share a place in `rates` are averaged. */
  readonly least: number;
  readonly most: number;
  readonly intervalSeconds: number;
  /** Of the newest rate, on a clock that is never set back. */
  readonly atSeconds: number;
}

export const NO_HISTORY: HistoryView = {
  rates: [],
  least: Number.POSITIVE_INFINITY,
  most: 0,
  intervalSeconds: 1,
  atSeconds: Number.NEGATIVE_INFINITY,
};

/** Days fit in as much as minutes: when it is full, every two rates become one of twice the time. */
const MAX_RATES = 480;

/** The history after one more look at the job. @param nowSeconds of a clock that is never set back */
export function follow(history: HistoryView, job: JobSnapshot, nowSeconds: number): HistoryView {
  const passed = nowSeconds - history.atSeconds;
  if (passed < history.intervalSeconds) return history;
  const rate = isAtWork(job.state) ? (job.progress?.framesPerSecond ?? null) : null;
  if (rate === null && history.rates.length === 0) return history;
  // Intervals without news are told as they were: nothing was seen.
  const missed = Number.isFinite(passed) ? Math.min(MAX_RATES, Math.floor(passed / history.intervalSeconds) - 1) : 0;
  const isSlowNews = missed <= NEWS_PATIENCE;
  const gap = new Array<number | null>(missed).fill(isSlowNews ? rate : null);
  return halveIfFull({
    ...history,
    rates: [...history.rates, ...gap, rate],
    least: rate === null || rate <= 0 ? history.least : Math.min(history.least, rate),
    most: Math.max(history.most, rate ?? 0),
    atSeconds: nowSeconds,
  });
}

/** Intervals that may pass between two pieces of news of a job that works well. */
const NEWS_PATIENCE = 5;

/** The history in so many columns, newest last: fewer if there is not so much. */
export function ratesIn(history: HistoryView, columns: number): readonly (number | null)[] {
  const { rates } = history;
  if (rates.length <= columns) return rates;
  return Array.from({ length: columns }, (_, index) => {
    const from = Math.floor((index * rates.length) / columns);
    const to = Math.max(from + 1, Math.floor(((index + 1) * rates.length) / columns));
    return average(rates.slice(from, to));
  });
}

function halveIfFull(history: HistoryView): HistoryView {
  if (history.rates.length <= MAX_RATES) return history;
  const { rates } = history;
  const halved = Array.from({ length: Math.floor(rates.length / 2) }, (_, index) =>
    average(rates.slice(2 * index + (rates.length % 2), 2 * index + (rates.length % 2) + 2)),
  );
  return { ...history, rates: halved, intervalSeconds: history.intervalSeconds * 2 };
}

function average(rates: readonly (number | null)[]): number | null {
  const known = rates.filter((rate) => rate !== null);
  return known.length === 0 ? null : known.reduce((sum, rate) => sum + rate, 0) / known.length;
}
