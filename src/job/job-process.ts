import { rmdir } from 'node:fs/promises';
import { asUpreelError, type ErrorRecord, toErrorRecord, UpreelError } from '../core/errors.ts';
import { OwnFolder } from '../core/own-folder/index.ts';
import { quietJson } from '../core/quiet-json.ts';
import { openRestartingEngine } from '../engine/index.ts';
import { FOLDER_HINT } from '../store/index.ts';
import { enterFolder, type JobSpec } from './job-spec.ts';
import { jobPlaceFor } from './registry/index.ts';
import { runJob } from './run-job.ts';

/**
 * Entry of a supervisor that no terminal waits for: gets its jobs over the channel of who started it, says which it
 * has, and lives on alone. Usually it has one; a batch of many shares one, since those that wait need next to nothing.
 * What it writes to stderr goes to the log in the first job's folder.
 */

/** What who started it hears of each job, in their order. */
export type StartReply = { readonly type: 'ready' } | { readonly type: 'refused'; readonly error: ErrorRecord };

export const SUPERVISOR_LOG = 'supervisor.log';

process.once('message', (specs: readonly JobSpec[]) => void superviseAll(specs));

async function superviseAll(specs: readonly JobSpec[]): Promise<void> {
  const stop = listenForSignals();
  enterFolder(specs[0]!.cwd);
  const running: Promise<void>[] = [];
  for (const spec of specs) {
    // One after another, so that they queue in this order.
    await new Promise<void>((resolve) => {
      const onReply = (message: StartReply): void => reply(message, resolve);
      running.push(supervise(spec, stop, onReply));
    });
  }
  if (process.connected) process.disconnect();
  await Promise.all(running);
}

/** @param onReply called once */
async function supervise(
  spec: JobSpec,
  stop: ReturnType<typeof listenForSignals>,
  onReply: (message: StartReply) => void,
): Promise<void> {
  const { settings } = spec.task.request;
  const queue = openRestartingEngine({ stallSeconds: settings.stallSeconds, nice: spec.queueing.nice });
  let isReady = false;
  const onReady = (): void => {
    isReady = true;
    onReply({ type: 'ready' });
  };
  try {
    await runJob(spec, { queue, ...stop, onEvent: () => {}, onReady });
  } catch (error) {
    const failure = asUpreelError(error);
    const record = toErrorRecord(failure);
    if (!isReady) onReply({ type: 'refused', error: record });
    const said = { at: new Date().toISOString(), output: spec.output, error: record.detail };
    process.stderr.write(`${quietJson(said)}\n`);
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

/** Who has gone does not listen. */
function reply(message: StartReply, onSent: () => void): void {
  if (process.connected) process.send?.(message, undefined, {}, onSent);
  else onSent();
}

/** A folder that holds nothing but the log was made for it alone. */
async function tidy(path: string): Promise<void> {
  const folder = await OwnFolder.open(path, { hint: FOLDER_HINT }).catch(() => null);
  if (folder === null) return;
  try {
    const names = await folder.names();
    if (names.length !== 1 || names[0] !== SUPERVISOR_LOG) return;
    await folder.remove(SUPERVISOR_LOG);
    await rmdir(path).catch(() => {});
  } finally {
    await folder.close();
  }
}
