import { type ChildProcess, spawn } from 'node:child_process';
import { constants, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { fromErrorRecord, UpreelError } from '../core/errors.ts';
import { ownProgram } from '../core/files/own-files.ts';
import { OwnFolder } from '../core/own-folder/index.ts';
import { FOLDER_HINT, isLockHeld } from '../store/index.ts';
import type { StartReply } from './job-process.ts';
import type { JobSpec } from './job-spec.ts';
import { jobPlaceFor, readEntry, supervisorLock } from './registry/index.ts';

/** A machine that is short of everything may need long to start a process. */
const START_MILLISECONDS = 60_000;
const LOG_FILE = 'supervisor.log';

/**
 * Starts jobs under a supervisor of its own session, which goes on when this process and its terminal are gone. They
 * queue in their order.
 * @returns for each why it was not started, or null once it is listed and can be steered.
 */
export async function startJobs(specs: readonly JobSpec[]): Promise<readonly (UpreelError | null)[]> {
  const [first] = specs;
  if (first === undefined) return [];
  const { workDir } = first.task.request.settings;
  const log = await openLog((await jobPlaceFor(first.output, workDir)).folder, workDir !== null);
  const entry = ownProgram('job-process');
  // The name only tells people who look at their processes what this one is.
  const child = spawn(process.execPath, [entry, basename(first.output)], {
    detached: true,
    stdio: ['ignore', log?.fd ?? 'ignore', log?.fd ?? 'ignore', 'ipc'],
  });
  await log?.close();
  try {
    child.send(specs);
    return await repliesOf(child, specs);
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function repliesOf(child: ChildProcess, specs: readonly JobSpec[]): Promise<readonly (UpreelError | null)[]> {
  const replies: (UpreelError | null)[] = [];
  return new Promise((resolve) => {
    const finish = (why: unknown): void => {
      clearTimeout(timer);
      // Those that had no answer were not started.
      resolve(specs.map(({ output }, index) => (index < replies.length ? replies[index]! : notStarted(output, why))));
    };
    const wait = () => setTimeout(() => finish('It does not answer.'), START_MILLISECONDS);
    let timer = wait();
    child.on('message', (reply: StartReply) => {
      replies.push(reply.type === 'ready' ? null : fromErrorRecord(reply.error));
      clearTimeout(timer);
      if (replies.length === specs.length) finish(null);
      else timer = wait();
    });
    child.once('error', finish);
    child.once('exit', (code, signal) => finish(`It ended with ${signal ?? `exit code ${code}`}.`));
  });
}

function notStarted(output: string, cause: unknown): UpreelError {
  return new UpreelError('internal', `The supervisor of ${output} could not be started.`, {
    hint: 'Add --foreground to do without one.',
    cause,
  });
}

/** @returns its id. @throws UpreelError `job-running` if it runs already. */
export async function startJob(spec: JobSpec): Promise<string> {
  const [failure] = await startJobs([spec]);
  if (failure) throw failure;
  return jobIdFor(spec);
}

export async function jobIdFor({ output, task }: JobSpec): Promise<string> {
  return (await jobPlaceFor(output, task.request.settings.workDir)).id;
}

/**
 * The job of this name that runs already, to be looked at.
 * @returns its id; null: none runs. @throws UpreelError `job-running` if something else is being made under the name.
 */
export async function joinJob(spec: JobSpec): Promise<string | null> {
  const id = await jobIdFor(spec);
  if (!(await isLockHeld(supervisorLock(id)))) return null;
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

/** null: the folder cannot be made, or is not ours, which the job itself says better. */
async function openLog(path: string, parents: boolean): Promise<FileHandle | null> {
  const folder = await OwnFolder.make(path, { hint: FOLDER_HINT, parents }).catch(() => null);
  try {
    const { O_WRONLY, O_APPEND, O_CREAT } = constants;
    return (await folder?.openFile(LOG_FILE, O_WRONLY | O_APPEND | O_CREAT)) ?? null;
  } catch {
    return null;
  } finally {
    await folder?.close();
  }
}
