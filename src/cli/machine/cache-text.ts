import type { CacheKind } from '../../core/model/index.ts';
import type { JobState } from '../../job/index.ts';
import { bytes, count, type SafeText, safeText, text } from '../../tui/index.ts';
import { alignColumns } from '../table.ts';

/**
 * `logs`: of jobs that have ended. `jobs`: folders of jobs that are not done. `runtime`: what runs the networks.
 * `stores`: what a fleet's workers have fetched of buckets.
 */
export type KeptWhat = CacheKind | 'logs' | 'jobs' | 'runtime' | 'stores';

/** What upreel keeps of one kind, or for one job. */
export interface Kept {
  readonly what: KeptWhat;
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  readonly job?: { readonly id: string; readonly state: JobState };
}

/** What `upreel cache` says: a line for each kind, then one for each job that has a folder. */
export function keptTable(kept: readonly Kept[]): SafeText {
  const head = [text`WHAT`, text`FILES`, text`SIZE`, text`WHERE`];
  const rows = [head, ...kept.map((row) => [nameOf(row), count(row.files), bytes(row.bytes), safeText(row.path)])];
  return alignColumns(rows);
}

function nameOf({ what, job }: Kept): SafeText {
  return job === undefined ? safeText(what) : text`job ${safeText(job.id)} (${safeText(job.state)})`;
}

/** What `upreel cache clean` says of one kind. */
export function keptText({ what, files, bytes: size }: Kept): SafeText {
  if (files === 0) return text`${safeText(what)}: nothing to remove`;
  return text`${safeText(what)}: ${count(files)} ${files === 1 ? text`file` : text`files`} removed, ${bytes(size)} freed`;
}
