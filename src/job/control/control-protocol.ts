import { z } from 'zod';
import type { TaskEvent } from '../../core/events.ts';
import type { SegmentNews } from '../../video/index.ts';
import type { FramePair, JobSnapshot, JobState } from '../job-snapshot.ts';
import { errorSchema, eventSchema, segmentNewsSchema, snapshotSchema, stateSchema } from '../snapshot-schema.ts';

/** What a supervisor and those who look at its job say to each other: one JSON object a line, each with `"v": 1`. */

/** What can be asked over the socket; the rest of a viewer's wishes needs no supervisor. */
export const REQUESTS = ['subscribe', 'pause', 'resume', 'drain', 'cancel', 'preview'] as const;
export type ControlRequest = (typeof REQUESTS)[number];

const version = z.literal(1);

export const requestSchema = z.object({ v: version, id: z.int().nonnegative(), type: z.enum(REQUESTS) });

/** What happened to a job since its snapshot. */
export type JobChange =
  | { readonly type: 'event'; readonly event: TaskEvent }
  | { readonly type: 'segments'; readonly news: readonly SegmentNews[] }
  | {
      readonly type: 'state';
      readonly state: JobState;
      readonly place: number | null;
      readonly endedAtMs: number | null;
      readonly begunAtMs?: number | null;
    };

const changeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('event'), event: eventSchema }),
  z.object({ type: z.literal('segments'), news: z.array(segmentNewsSchema) }),
  z.object({
    type: z.literal('state'),
    state: stateSchema,
    place: z.number().nullable(),
    endedAtMs: z.number().nullable(),
    begunAtMs: z.exactOptional(z.number().nullable()),
  }),
]) satisfies z.ZodType<JobChange>;

const picture = z.object({
  width: z.int().positive().max(4096),
  height: z.int().positive().max(65_536),
  /** Packed RGB in base64. */
  rgb: z.string(),
});
const pairSchema = z.object({ frame: z.number(), before: picture, after: picture });

/** What a supervisor says. */
export const messageSchema = z.discriminatedUnion('type', [
  z.object({
    v: version,
    type: z.literal('reply'),
    id: z.number(),
    error: errorSchema.optional(),
    pair: pairSchema.nullable().optional(),
  }),
  z.object({ v: version, type: z.literal('snapshot'), job: snapshotSchema }),
  z.object({ v: version, type: z.literal('change'), change: changeSchema }),
]);

export type ControlMessage = z.input<typeof messageSchema>;
export type PackedPair = z.infer<typeof pairSchema>;

export function snapshotMessage(job: JobSnapshot): string {
  return messageLine({ v: 1, type: 'snapshot', job });
}

export function changeMessage(change: JobChange): string {
  return messageLine({ v: 1, type: 'change', change });
}

export function packPair({ frame, before, after }: FramePair): PackedPair {
  const pack = ({ width, height, rgb }: FramePair['before']) => ({
    width,
    height,
    rgb: Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength).toString('base64'),
  });
  return { frame, before: pack(before), after: pack(after) };
}

/** @returns null if the bytes are not as many as the sizes say. */
export function unpackPair({ frame, before, after }: PackedPair): FramePair | null {
  const unpack = ({ width, height, rgb }: PackedPair['before']) => ({
    width,
    height,
    rgb: new Uint8Array(Buffer.from(rgb, 'base64')),
  });
  const pair = { frame, before: unpack(before), after: unpack(after) };
  const isWhole = [pair.before, pair.after].every(({ width, height, rgb }) => rgb.length === width * height * 3);
  return isWhole ? pair : null;
}

export function messageLine(message: object): string {
  return `${JSON.stringify(message)}\n`;
}
