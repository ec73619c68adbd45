import { realpath } from 'node:fs/promises';
import { UpreelError } from '../core/errors.ts';
import { findTask } from '../engine/index.ts';
import { isLockHeld } from '../store/index.ts';
import { devicesOf, type JobSpec, NO_QUEUEING } from './job-spec.ts';
import { type JobEntry, type JobPlace, jobPlaceFor, readEntry, supervisorLock, writeEntry } from './registry/index.ts';

export function newEntry({ task, output, cwd, queueing }: JobSpec, { id, folder }: JobPlace): JobEntry {
  return {
    schema: 1,
    id,
    folder,
    output,
    input: task.request.input,
    model: task.network.model,
    devices: [...devicesOf(task.network)],
    task: JSON.parse(JSON.stringify({ ...task, cwd })),
    ...queueing,
    socket: null,
    createdAtMs: Date.now(),
    started: null,
    ended: null,
  };
}

/**
 * Lists a job that is known by its folder alone: another machine began it, or the list was lost. A folder may come from
 * anyone: what it says may write beside itself alone, no report, and replace nothing.
 * @param name its folder or its output
 * @returns its id. @throws UpreelError `usage` if there is no job.
 */
export async function adoptJob(name: string): Promise<string> {
  const { task: found, cwd, folder } = await findTask(name);
  const { output: rule, settings } = found.request;
  if (rule.kind !== 'file') throw new UpreelError('internal', 'Expected a job that knows its output.');
  const place = await jobPlaceFor(rule.path, settings.workDir);
  const isThere = await realpath(place.folder).catch(() => null);
  if (isThere !== (await realpath(folder))) {
    throw new UpreelError('usage', `The job in ${folder} belongs in ${place.folder}: it makes ${rule.path}.`, {
      hint: 'Move it back, or run its command again.',
    });
  }
  const own = { ...settings, overwrite: false, report: null };
  const task = { ...found, request: { ...found.request, settings: own } };
  const isKnown = (await readEntry(place.id)) !== null || (await isLockHeld(supervisorLock(place.id)));
  if (!isKnown) await writeEntry(newEntry({ task, cwd, output: rule.path, queueing: NO_QUEUEING }, place));
  return place.id;
}
