import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asUpreelError, type ErrorRecord, toErrorRecord, UpreelError } from '../core/errors.ts';
import type { JobSpec } from './job-spec.ts';
import { jobPlaceFor } from './registry/index.ts';
import { runJob } from './run-job.ts';
import { openTaskQueue } from './run-tasks.ts';

/**
 * Entry of a supervisor that no terminal waits for: gets its job over the channel of who started it, says that it has it,
 * and lives on alone. What it writes to stderr goes to the log in the job's folder.
 */

/** What who started it hears. */
export type StartReply = { readonly type: 'ready' } | { readonly type: 'refused'; readonly error: ErrorRecord };

export const SUPERVISOR_LOG = 'supervisor.log';

process.once('message', (spec: JobSpec) => void supervise(spec));

async function supervise(spec: JobSpec): Promise<void> {
  const stop = listenForSignals();
  const { settings } = spec.task.request;
  const queue = openTaskQueue({ stallSeconds: settings.stallSeconds, nice: spec.queueing.nice });
  try {
    process.chdir(spec.cwd);
    await runJob(spec, { queue, ...stop, onEvent: () => {}, onReady: () => reply({ type: 'ready' }) });
  } catch (error) {
    const failure = asUpreelError(error);
    process.exitCode = failure.exitCode;
    const record = toErrorRecord(failure);
    reply({ type: 'refused', error: record });
    process.stderr.write(`${new Date().toISOString()} ${record.detail}\n`);
  } finally {
    await queue.close();
    await tidy((await jobPlaceFor(spec.output, settings.workDir)).folder);
  }
}

function listenForSignals(): { readonly signal: AbortSignal; readonly drain: AbortSignal } {
  const drain = new AbortController();
  const abort = new AbortController();
  const hint = 'What is finished stays: upreel resume goes on with it.';
  process.on('SIGINT', () => drain.abort(new UpreelError('interrupted', 'Interrupted.', { hint })));
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => abort.abort(new UpreelError('terminated', 'Terminated.', { hint })));
  }
  return { signal: abort.signal, drain: drain.signal };
}

/** The first word counts; afterwards nobody listens. */
function reply(message: StartReply): void {
  if (process.connected) process.send?.(message, undefined, {}, () => process.disconnect?.());
}

/** A folder that holds nothing but the log was made for it alone. */
async function tidy(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (names.length !== 1 || names[0] !== SUPERVISOR_LOG) return;
  await rm(join(folder, SUPERVISOR_LOG), { force: true });
  await rmdir(folder).catch(() => {});
}
