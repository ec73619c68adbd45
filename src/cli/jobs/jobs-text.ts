import type { JobSnapshot } from '../../job/index.ts';
import {
  bytes,
  chooseLook,
  duration,
  type Look,
  percent,
  type SafeText,
  safeText,
  shortDuration,
  text,
} from '../../tui/index.ts';
import { alignColumns, columnWidths } from '../table.ts';

/** The look of this process's terminal, or of none. */
export function lookHere(): Look {
  return chooseLook(process.env, process.platform);
}

/**
 * What `upreel jobs` prints: a table whose last column is the output.
 * @param columns of the terminal: outputs are shortened to fit in a row; null: no terminal, and nothing is shortened
 */
export function jobsTable(jobs: readonly JobSnapshot[], look: Look, columns: number | null): SafeText {
  if (jobs.length === 0) return text`No jobs. upreel VIDEO starts one.`;
  const { charset } = look;
  const facts = inOrder(jobs).map((job) => ({ job, cells: cells(job) }));
  const widths = columnWidths([HEAD.slice(0, -1), ...facts.map((row) => row.cells)]);
  const used = widths.reduce((sum, width) => sum + width + 2, 0);
  const fitting = columns === null ? { charset } : { charset, maxColumns: Math.max(SHORTEST_OUTPUT, columns - used) };
  const table = [HEAD, ...facts.map(({ job, cells }) => [...cells, safeText(job.output, fitting)])];
  return alignColumns(table);
}

/** What works, then what waits (by its place), what can go on, what failed, what is done; the newest of each first. */
function inOrder(jobs: readonly JobSnapshot[]): readonly JobSnapshot[] {
  const rank = ({ state }: JobSnapshot) => ORDER.indexOf(state);
  const time = ({ endedAtMs, createdAtMs }: JobSnapshot) => endedAtMs ?? createdAtMs;
  return jobs.toSorted((a, b) => rank(a) - rank(b) || (a.place ?? 0) - (b.place ?? 0) || time(b) - time(a));
}

const ORDER: readonly JobSnapshot['state'][] = [
  ...(['running', 'draining', 'paused', 'queued', 'resting'] as const),
  ...(['interrupted', 'cancelled', 'failed', 'done'] as const),
];

/** One line about one job, for who has just done something to it. */
export function jobLine(job: JobSnapshot, look: Look): SafeText {
  const [id, state, , done] = cells(job);
  return text`${id!} ${state!}, ${done!}: ${safeText(job.output, { charset: look.charset })}`;
}

const SHORTEST_OUTPUT = 16;
const HEAD = [text`JOB`, text`STATE`, text`AGE`, text`DONE`, text`LEFT`, text`SIZE`, text`DEVICE`, text`OUTPUT`];

function cells(job: JobSnapshot): readonly SafeText[] {
  const { progress } = job;
  const done = progress?.outputPixelsTotal ? progress.outputPixelsDone / progress.outputPixelsTotal : null;
  const left = job.state === 'running' || job.state === 'draining' ? (progress?.secondsLeft ?? null) : null;
  return [
    safeText(job.id),
    job.place === null ? safeText(job.state) : text`${safeText(job.state)} ${job.place}`,
    shortDuration((Date.now() - (job.endedAtMs ?? job.createdAtMs)) / 1000),
    done === null ? text`-` : percent(done),
    left === null ? text`-` : duration(left),
    progress === null || progress.bytesWritten === 0 ? text`-` : bytes(progress.bytesWritten),
    safeText(job.device),
  ];
}
