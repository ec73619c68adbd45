import { z } from 'zod';
import { type ErrorCode, EXIT_CODES } from '../../core/errors.ts';
import { JOB_STATES } from '../../job/index.ts';

/**
 * The JSON lines of --json (docs/json-events.md). Within version 1 fields and types may be added, none is removed or
 * given another meaning.
 */

const version = z.literal(1);
const wholeNumber = z.int().nonnegative();
const amount = z.number().nonnegative();
const share = z.number().min(0).max(1);
const size = z.object({ width: z.int().positive(), height: z.int().positive() });
const failure = z.object({
  code: z.enum(Object.keys(EXIT_CODES) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  hint: z.string().describe('What to do; empty if there is nothing useful to say.'),
});

const started = z.object({
  v: version,
  type: z.literal('started'),
  kind: z.enum(['image', 'video']),
  input: z.string(),
  output: z.string(),
  model: z.string(),
  device: z.string().describe('As chosen by proof, for example "cpu" or "webgpu".'),
  source: size,
  target: size,
  framesTotal: wholeNumber.nullable().describe('null until counted; 1 for a still picture.'),
  tilesPerFrame: wholeNumber,
  framesKept: wholeNumber.describe('Finished by earlier runs of the same job.'),
});

const pull = z.object({
  v: version,
  type: z.literal('pull'),
  model: z.string(),
  bytesDone: wholeNumber,
  bytesTotal: wholeNumber.describe('0: not known.'),
  from: z.string(),
});

const progress = z.object({
  v: version,
  type: z.literal('progress'),
  input: z.string(),
  stage: z.enum(['prepare', 'upscale', 'join', 'verify', 'publish']),
  framesDone: wholeNumber,
  framesTotal: wholeNumber.nullable(),
  tilesDone: wholeNumber,
  outputPixelsDone: wholeNumber.describe('The unit of work: time left is reckoned from it.'),
  outputPixelsTotal: wholeNumber.nullable(),
  reusedShare: share.optional().describe('Of outputPixelsDone: taken over from frames before.'),
  elapsedSeconds: amount.describe('Since `started`, without pauses.'),
  framesPerSecond: amount.nullable().describe('Recent output frames per second; null until it can be told.'),
  secondsLeft: amount.nullable().describe('null until it can be told.'),
  secondsLeftRange: z
    .tuple([amount, amount])
    .optional()
    .describe('Shortest and longest likely time, where the pace is too unsteady for one number.'),
  queues: z
    .array(z.object({ name: z.string(), length: wholeNumber, capacity: wholeNumber }))
    .describe('Frames between and in the stages of a video: decoded, at the network, upscaled.'),
  stageLoads: z
    .array(z.object({ name: z.enum(['decode', 'upscale', 'encode']), busy: share }))
    .optional()
    .describe('Share of the last half minute in which each stage worked instead of waiting for the others.'),
  rssBytes: wholeNumber.describe('Resident memory of the engine; 0 until measured.'),
  bytesWritten: wholeNumber,
});

const warning = z.object({ v: version, type: z.literal('warning'), code: z.string(), message: z.string() });

const done = z.object({
  v: version,
  type: z.literal('done'),
  input: z.string(),
  output: z.string(),
  framesTotal: wholeNumber,
  seconds: amount,
  bytes: wholeNumber,
  reusedShare: share.optional().describe('Of the work: saved because the picture had not changed.'),
});

const failed = z.object({ v: version, type: z.literal('failed'), input: z.string(), error: failure });

const exit = z.object({
  v: version,
  type: z.literal('exit'),
  code: z.int().min(0).max(255).describe('The exit code of the process.'),
  error: failure.optional().describe('Why, if the code is not 0 and the reason is known.'),
});

const segment = z.object({
  index: wholeNumber,
  startFrame: wholeNumber,
  endFrame: wholeNumber.describe('Not included.'),
  state: z.enum(['planned', 'running', 'done']),
  attempts: wholeNumber.describe('More than one: it was begun again after a failure or a kill.'),
  reusedShare: share.nullable().describe('null until done.'),
  bytes: wholeNumber.nullable().describe('Of its committed file; null until done.'),
});

const job = z.object({
  v: version,
  type: z.literal('job'),
  id: z.string().describe('What commands take, beside the folder and the output.'),
  state: z.enum(JOB_STATES),
  input: z.string(),
  output: z.string(),
  folder: z.string().describe('Where its unfinished work is, or was.'),
  model: z.string(),
  device: z.string().describe('What it queues for, for example "cpu" or "webgpu:0".'),
  place: wholeNumber.nullable().describe('Among those that wait for the device, from 1; null: it does not wait.'),
  nice: wholeNumber,
  only: z.string().nullable().describe('Hours of the local clock in which it works, for example "22:00-07:00".'),
  createdAtMs: amount.describe('Milliseconds since 1970.'),
  begunAtMs: amount.nullable().describe('Of the run that works on it; null: none does.'),
  endedAtMs: amount.nullable(),
  started: started.omit({ v: true }).nullable(),
  progress: progress.omit({ v: true }).nullable(),
  segments: z.array(segment),
  warnings: z.array(z.string()).describe('The last ones.'),
  error: failure.nullable().describe('Why it ended, unless it is done.'),
  supervisorPid: wholeNumber.nullable().describe('The process that holds the job; null: none does.'),
  workers: z
    .array(
      z.object({
        name: z.string(),
        device: z.string(),
        segment: wholeNumber.nullable().describe('null: it joins the film.'),
        framesPerSecond: amount.nullable(),
        trouble: z.string().nullable(),
      }),
    )
    .optional()
    .describe('Only of a film of a fleet: who works on it now.'),
  rank: z
    .enum(['first', 'last'])
    .optional()
    .describe('Only of a film of a fleet that goes before all others, or after.'),
});

const submitted = z.object({
  v: version,
  type: z.literal('submitted'),
  input: z.string(),
  id: z.string().describe('Names the film in its fleet.'),
  output: z.string(),
  frames: wholeNumber,
  segments: wholeNumber,
  source: size,
  target: size,
  warnings: z.array(z.string()),
});
const worker = z.object({
  v: version,
  type: z.literal('worker'),
  name: z.string(),
  host: z.string(),
  pid: wholeNumber,
  device: z.string().describe('Of what it has at work, or as it was told.'),
  devices: z.array(z.string()).describe('It makes films that ask for one of these, and those that ask for none.'),
  state: z.enum(['idle', 'working', 'joining', 'draining']),
  film: z.string().nullable(),
  segment: wholeNumber.nullable(),
  framesDone: wholeNumber.describe('Of the segment.'),
  framesTotal: wholeNumber,
  framesPerSecond: amount.nullable(),
  trouble: z.string().nullable(),
});
const removed = z.object({ v: version, type: z.literal('removed'), id: z.string(), output: z.string() });

const planned = z.object({
  v: version,
  type: z.literal('planned'),
  input: z.string(),
  output: z.string(),
  source: size,
  target: size,
  model: z.string(),
  device: z.string().describe('As asked; it is not tried. cpu where it is left to upreel.'),
  scale: amount.describe('The network’s own.'),
  bytesToFetch: wholeNumber.describe('0: the model is here.'),
  cpuSeconds: amount.nullable().describe('Of the network on this CPU, roughly; null: the model is not here.'),
  warnings: z.array(z.string()),
  kind: z.enum(['image', 'video']),
  pages: wholeNumber.optional().describe('Of a picture.'),
  frames: wholeNumber.optional().describe('Of a video, as all that follows.'),
  framesPerSecond: amount.optional(),
  encoder: z.string().optional(),
  pixelFormat: z.string().optional(),
  streams: z
    .array(
      z.object({
        index: wholeNumber,
        kind: z.string(),
        codec: z.string(),
        becomes: z.enum(['upscaled', 'copied', 'converted', 'left out']),
        to: z.string().optional(),
      }),
    )
    .optional(),
  segmentBytes: amount.optional().describe('While it works, by estimate.'),
  resultBytes: amount.optional().describe('By estimate, on the low side.'),
});

export const eventRecordSchema = z
  .discriminatedUnion('type', [
    started,
    pull,
    progress,
    warning,
    done,
    failed,
    exit,
    job,
    removed,
    planned,
    submitted,
    worker,
  ])
  .describe('One line of the output of upreel --json.');

export type EventRecord = z.infer<typeof eventRecordSchema>;

/** The published form: JSON Schema 2020-12. Readers must accept fields that it does not name. */
export function eventRecordJsonSchema(): object {
  return { ...z.toJSONSchema(eventRecordSchema, { io: 'input' }), title: 'upreel --json record, version 1' };
}
