import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromErrorRecord, UpreelError } from '../core/errors.ts';
import { isLockHeld } from './directory/index.ts';
import type { StartReply } from './job-process.ts';
import type { JobSpec } from './job-spec.ts';
import { jobPlaceFor, readEntry, supervisorLock } from './registry/index.ts';

/** A machine that is short of everything may need long to start a process. */
const START_MILLISECONDS = 60_000;
const LOG_FILE = 'supervisor.log';

/**
 * Starts a job under a supervisor of its own session, which goes on when this process and its terminal are gone.
 * @returns its id, once it is listed and can be steered.
 * @throws UpreelError `job-running` if it runs already.
 */
export async function startJob(spec: JobSpec): Promise<string> {
  const { workDir } = spec.task.request.settings;
  const { id, folder } = await jobPlaceFor(spec.output, workDir);
  const log = await openLog(folder, workDir !== null);
  const entry = fileURLToPath(new URL('./job-process.js', import.meta.url));
  // The name only tells people who look at their processes what this one is.
  const child = spawn(process.execPath, [entry, basename(spec.output)], {
    detached: true,
    stdio: ['ignore', log ?? 'ignore', log ?? 'ignore', 'ipc'],
  });
  if (log !== null) closeSync(log);
  const answered = new Promise<StartReply>((resolve, reject) => {
    child.once('message', (reply) => resolve(reply as StartReply));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`It ended with ${signal ?? `exit code ${code}`}.`)));
    setTimeout(() => reject(new Error('It does not answer.')), START_MILLISECONDS).unref();
  });
  try {
    child.send(spec);
    const reply = await answered;
    if (reply.type === 'refused') throw fromErrorRecord(reply.error);
    return id;
  } catch (cause) {
    if (cause instanceof UpreelError) throw cause;
    throw new UpreelError('internal', `The supervisor of ${spec.output} could not be started.`, {
      hint: 'Add --foreground to do without one.',
      cause,
    });
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/**
 * Starts a job, or joins it if it runs already.
 * @returns its id. @throws UpreelError `job-running` if something else is being made under the same name.
 */
export async function startOrJoinJob(spec: JobSpec): Promise<string> {
  const { id } = await jobPlaceFor(spec.output, spec.task.request.settings.workDir);
  if (!(await isLockHeld(supervisorLock(id)))) return startJob(spec);
  const running = await readEntry(id);
  if (running === null || whatItMakes(running.task) === whatItMakes(spec.task)) return id;
  throw new UpreelError('job-running', `${spec.output} is being made already, with another input, model or settings.`, {
    hint: `See upreel watch ${id}; upreel cancel ${id} stops it.`,
  });
}

/** Of a task as JSON: without the settings that change nothing in what comes out. */
function whatItMakes(json: unknown): string {
  const { network, request } = JSON.parse(JSON.stringify(json)) as Pick<JobSpec['task'], 'network' | 'request'>;
  const { restart, overwrite, verify, spaceCheck, stallSeconds, report, ...settings } = request.settings;
  const { input, target } = request;
  return JSON.stringify(sorted({ network: { ...network }, input, target, settings }));
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}

/** null: the folder cannot be made, which the job itself says better. */
async function openLog(folder: string, mayMakeParent: boolean): Promise<number | null> {
  try {
    await mkdir(folder, { recursive: mayMakeParent }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    return openSync(join(folder, LOG_FILE), 'a', 0o600);
  } catch {
    return null;
  }
}
