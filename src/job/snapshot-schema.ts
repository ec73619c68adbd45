import { z } from 'zod';
import { type ErrorCode, EXIT_CODES } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import type { JobSnapshot, JobState } from './job-snapshot.ts';

/** The forms of job-snapshot.ts and of events, as they come from files and sockets. */

const count = z.number().nonnegative();
const size = z.object({ width: z.number(), height: z.number() });

export const errorSchema = z.object({
  code: z.enum(Object.keys(EXIT_CODES) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  hint: z.string(),
  detail: z.string(),
});

export const startedSchema = z.object({
  type: z.literal('started'),
  kind: z.enum(['image', 'video']),
  input: z.string(),
  output: z.string(),
  model: z.string(),
  device: z.string(),
  source: size,
  target: size,
  framesTotal: count.nullable(),
  tilesPerFrame: count,
  framesKept: count,
});

const progressSchema = z.object({
  type: z.literal('progress'),
  input: z.string(),
  stage: z.enum(['prepare', 'upscale', 'join', 'verify', 'publish']),
  framesDone: z.number(),
  framesTotal: count.nullable(),
  tilesDone: z.number(),
  outputPixelsDone: z.number(),
  outputPixelsTotal: count.nullable(),
  reusedShare: z.exactOptional(z.number()),
  elapsedSeconds: z.number(),
  framesPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  secondsLeftRange: z.exactOptional(z.tuple([z.number(), z.number()])),
  queues: z.array(z.object({ name: z.string(), length: count, capacity: count })),
  stageLoads: z.exactOptional(
    z.array(z.object({ name: z.enum(['decode', 'upscale', 'encode']), busy: z.number().min(0).max(1) })),
  ),
  rssBytes: count,
  bytesWritten: count,
});

export const eventSchema = z.discriminatedUnion('type', [
  startedSchema,
  progressSchema,
  z.object({ type: z.literal('pull'), model: z.string(), bytesDone: count, bytesTotal: count, from: z.string() }),
  z.object({ type: z.literal('warning'), code: z.string(), message: z.string() }),
  z.object({
    type: z.literal('done'),
    input: z.string(),
    output: z.string(),
    framesTotal: count,
    seconds: z.number(),
    bytes: count,
    reusedShare: z.exactOptional(z.number()),
  }),
  z.object({ type: z.literal('failed'), input: z.string(), error: errorSchema }),
]) satisfies z.ZodType<TaskEvent>;

export const END_STATES = ['done', 'failed', 'cancelled', 'interrupted'] as const satisfies readonly JobState[];

export const endSchema = z.object({
  state: z.enum(END_STATES),
  atMs: z.number(),
  exitCode: z.int().min(0).max(255),
  error: errorSchema.nullable(),
  /** Of a finished job. */
  done: z.object({ framesTotal: count, seconds: z.number(), bytes: count }).nullable(),
});

export type JobEnd = z.infer<typeof endSchema>;

export const JOB_STATES = ['queued', 'resting', 'running', 'paused', 'draining', ...END_STATES] as const;
export const stateSchema = z.enum(JOB_STATES);

export const segmentNewsSchema = z.object({
  index: count,
  startFrame: count,
  endFrame: count,
  state: z.enum(['planned', 'running', 'done']),
  reusedShare: z.number().nullable(),
  bytes: count.nullable(),
});

export const snapshotSchema = z.object({
  id: z.string(),
  state: stateSchema,
  input: z.string(),
  output: z.string(),
  folder: z.string(),
  model: z.string(),
  device: z.string(),
  place: z.number().nullable(),
  nice: z.number(),
  only: z.string().nullable(),
  createdAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  // A supervisor that was begun by an older upreel does not say it.
  begunAtMs: z.number().nullable().default(null),
  started: startedSchema.nullable(),
  progress: progressSchema.nullable(),
  segments: z.array(segmentNewsSchema.extend({ attempts: count })),
  warnings: z.array(z.string()),
  error: errorSchema.nullable(),
  supervisorPid: z.number().nullable(),
  rank: z.exactOptional(z.enum(['first', 'last'])),
  workers: z.exactOptional(
    z.array(
      z.object({
        name: z.string(),
        device: z.string(),
        segment: z.number().nullable(),
        framesPerSecond: z.number().nullable(),
        trouble: z.string().nullable(),
      }),
    ),
  ),
}) satisfies z.ZodType<JobSnapshot>;
