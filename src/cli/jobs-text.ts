import type { JobSnapshot } from '../job/index.ts';
import {
  bytes,
  chooseLook,
  duration,
  joinText,
  type Look,
  percent,
  type SafeText,
  safeText,
  shortDuration,
  text,
} from '../tui/index.ts';

/** The look of this process's terminal, or of none. */
export function lookHere(): Look {
  return chooseLook(process.env, process.platform);
}

/** What `upreel jobs` prints: a table whose last column, the output, may be as long as it likes. */
export function jobsTable(jobs: readonly JobSnapshot[], look: Look): SafeText {
  if (jobs.length === 0) return text`No jobs. upreel VIDEO starts one.`;
  const rows = inOrder(jobs).map((job) => [...cells(job), safeText(job.output, { charset: look.charset })]);
  const table = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    joinText(
      row.map((cell, column) => (column === row.length - 1 ? cell : padded(cell, widths[column]!))),
      text`  `,
    ),
  );
  return joinText(lines, NEW_LINE);
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

const HEAD = [text`JOB`, text`STATE`, text`AGE`, text`DONE`, text`LEFT`, text`SIZE`, text`DEVICE`, text`OUTPUT`];
/** The one control character that a table needs, and that no cell can hold. */
const NEW_LINE = '\n' as SafeText;

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

/** Cells of these columns are ASCII: a character is a column. */
function padded(cell: SafeText, width: number): SafeText {
  return cell.padEnd(width) as SafeText;
}
