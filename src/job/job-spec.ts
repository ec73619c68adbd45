import { z } from 'zod';
import { UpreelError } from '../core/errors.ts';
import type { EngineNetwork, EngineTask } from '../engine/index.ts';
import { otherVersion, parseTask } from '../engine/index.ts';
import { readJobFile } from '../store/index.ts';
import { type JobEntry, readEntry } from './registry/index.ts';

export type VideoFileTask = Extract<EngineTask, { kind: 'video' }>;

/** How a job behaves beside others; not part of what it makes. */
export const jobQueueingSchema = z.object({
  /** 0 to 19: how much its engine yields to other programs. */
  nice: z.int().min(0).max(19),
  /** Hours of the day, such as 22:00-07:00; null: at any time. */
  only: z.string().nullable(),
  /** A command of the shell, run when it is done or has failed. */
  onDone: z.string().nullable(),
});
export type JobQueueing = z.infer<typeof jobQueueingSchema>;

export const NO_QUEUEING: JobQueueing = Object.freeze({ nice: 0, only: null, onDone: null });

/** What a supervisor is given. Its output has its name: that is what the job is known by. */
export interface JobSpec {
  readonly task: VideoFileTask;
  readonly output: string;
  /** In which relative names of the task mean what they meant. */
  readonly cwd: string;
  readonly queueing: JobQueueing;
}

/**
 * What runs a listed job again: as its folder says, or, if it never came so far as to have one, as it was listed.
 * @throws UpreelError `usage` if another version began it.
 */
async function specOf({ output, folder, task, nice, only, onDone }: JobEntry): Promise<JobSpec> {
  const begun = await readJobFile(folder);
  const parsed = parseTask(begun?.task ?? task, output);
  if (parsed === null) throw otherVersion(output, begun?.program ?? 'another version');
  const { request, ...rest } = parsed.task;
  // What is replaced and written beside the result is never a folder's to say: it may have come from anywhere.
  const listed = parseTask(task, output)?.task.request.settings;
  const { overwrite, report } = listed ?? { overwrite: false, report: null };
  const { onDecodeError } = listed ?? request.settings;
  const again = {
    ...rest,
    request: { ...request, settings: { ...request.settings, overwrite, report, onDecodeError, restart: false } },
  };
  return { task: again, cwd: parsed.cwd, output, queueing: { nice, only, onDone } };
}

/** The same, by the job's id. @throws UpreelError `usage` if it is not listed, or done. */
export async function readSpec(id: string): Promise<JobSpec> {
  const entry = await readEntry(id);
  if (entry === null) throw new UpreelError('usage', `There is no job ${id}.`, { hint: 'See upreel jobs.' });
  if (entry.ended?.state === 'done') {
    throw new UpreelError('usage', `The job of ${entry.output} is done: there is no unfinished job.`, {
      hint: 'Run its command again with --overwrite to make it anew.',
    });
  }
  return specOf(entry);
}

/** `cpu`, `webgpu:0`, or each of several GPUs: what jobs queue for. */
export function devicesOf({ device, gpus }: EngineNetwork): readonly string[] {
  if (device === 'cpu') return ['cpu'];
  return (gpus.length > 0 ? gpus : [0]).map((gpu) => `${device}:${gpu}`);
}

/**
 * Names in a task may be relative to where it was begun; all jobs of one process were begun in one folder. If it is
 * gone, they mean nothing any more, and whoever needs them says so.
 */
export function enterFolder(cwd: string): void {
  try {
    process.chdir(cwd);
  } catch {
    // Most tasks have no such names.
  }
}
