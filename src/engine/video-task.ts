import { z } from 'zod';
import { DEVICE_NAMES } from '../core/device-name.ts';
import { UpreelError } from '../core/errors.ts';
import type { Target } from '../core/files/output-name.ts';
import { ownVersion } from '../core/files/own-files.ts';
import { EXPORTER_VERSION, type ModelDescriptor } from '../core/model/index.ts';
import { networkSettingsSchema } from '../core/upscaler/network-settings.ts';
import { findJob } from '../store/index.ts';
import { type JobContext, type VideoTarget, videoSettingsSchema } from '../video/index.ts';
import { deviceClass, runtimeIdentity } from './device-class.ts';
import type { EngineTask } from './engine-protocol.ts';

type VideoTask = Extract<EngineTask, { kind: 'video' }>;

/** What job.json keeps of a task: what its frames depend on, and the task itself, to be run again. */
export function jobContext(task: VideoTask, { contentHash, flopsPerPixel, id }: ModelDescriptor): JobContext {
  // Not the tile: it is halved where memory runs out, and that must not end the job.
  const { haloPx, ensemble } = task.network;
  const model = {
    id,
    contentHash,
    exporter: EXPORTER_VERSION,
    runtime: runtimeIdentity(),
    device: deviceClass(task.network),
    haloPx,
    ensemble,
  };
  // Names of files in it may be relative.
  return {
    model,
    flopsPerPixel,
    program: `upreel ${ownVersion()}`,
    task: JSON.parse(JSON.stringify({ ...task, cwd: process.cwd() })),
  };
}

/** The task of an unfinished job, and the folder in which its relative names mean what they meant. */
export interface FoundTask {
  readonly task: VideoTask;
  readonly cwd: string;
}

/**
 * @param name the job's folder, or the output that it was to make.
 * @throws UpreelError `usage` if there is no such job, or another version of upreel began it.
 */
export async function findTask(name: string): Promise<FoundTask & { readonly folder: string }> {
  const { job, folder } = await findJob(name);
  const found = parseTask(job.task, job.output);
  if (found !== null) return { ...found, folder };
  throw otherVersion(job.output, job.program);
}

export function otherVersion(output: string, program: string): UpreelError {
  return new UpreelError(
    'usage',
    `The job of ${output} was begun by ${program}, which this version cannot go on with.`,
    {
      hint: 'Run its command again with --restart, or use that version.',
    },
  );
}

/** The task of a job file; null if its form is not this version's. */
export function parseTask(json: unknown, output: string): FoundTask | null {
  const parsed = taskSchema.safeParse(json);
  if (!parsed.success) return null;
  const { cwd, ...task } = parsed.data;
  return { task: { ...task, request: { ...task.request, output: { kind: 'file', path: output } } }, cwd };
}

const size = z.object({ width: z.int().positive(), height: z.int().positive() });
const taskSchema = z.object({
  kind: z.literal('video'),
  cwd: z.string(),
  network: networkSettingsSchema.extend({ device: z.enum(DEVICE_NAMES) }),
  request: z.object({
    input: z.string(),
    target: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('native') }),
      z.object({ kind: z.literal('scale'), scale: z.number().positive() }),
      z.object({ kind: z.literal('size'), size }),
      z.object({ kind: z.literal('side'), side: z.enum(['width', 'height', 'short']), px: z.int().positive() }),
    ]),
    settings: videoSettingsSchema,
  }),
});

/** A size that was asked for, in the words of video. */
export function videoTarget(target: Target): VideoTarget {
  switch (target.kind) {
    case 'native':
      return { kind: 'network' };
    case 'scale':
    case 'side':
      return target;
    case 'size':
      return { kind: 'fit', ...target.size };
  }
}
