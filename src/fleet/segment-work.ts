import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import type { DeviceName } from '../core/device-name.ts';
import { asUpreelError, toErrorRecord, UpreelError } from '../core/errors.ts';
import type { RestartingEngine } from '../engine/index.ts';
import { attemptToken } from '../store/index.ts';
import { type Desk, HoldLost, isBadInput, PASSING_MILLISECONDS, passesByItself } from './desk.ts';
import { type SegmentJob, segmentJobSchema } from './names.ts';

/** Left for another worker. */
const LEAVE_MILLISECONDS = 2000;

/** What was taken from a queue. */
interface Taken {
  readonly job: Job<SegmentJob>;
  /** BullMQ's token of it. */
  readonly hold: string | undefined;
  /** Whose queue it was; null: that for all. */
  readonly device: DeviceName | null;
}

/**
 * Makes the segment that a job names.
 * @throws what BullMQ is to do with a segment that was not made.
 */
export async function makeSegment(desk: Desk, engine: RestartingEngine, { job, hold, device }: Taken): Promise<string> {
  const segment = desk.checked(segmentJobSchema, job.data);
  const { film, index, failed } = segment;
  const { name } = desk.settings;
  const facts = await desk.states.read(film);
  if (facts?.state !== 'running') return 'not wanted';
  if (index >= facts.segments) throw desk.foreign();
  if (failed.includes(name) && (await desk.othersCan(failed, device))) {
    await job.moveToDelayed(Date.now() + LEAVE_MILLISECONDS, hold);
    throw new DelayedError();
  }
  const begunAt = performance.now();
  try {
    const made = await desk.during(job, film, async (signal) => {
      const network = await desk.networkFor(film, device, signal);
      desk.beginSegment(film, index, network.device);
      const { address: store } = desk.context.store;
      const task = { kind: 'segment' as const, network, store, film, index, token: attemptToken(), worker: name };
      const result = await engine.run(task, { signal, onEvent: (event) => desk.follow(event) });
      if (result.kind !== 'segment') throw new UpreelError('internal', `Expected a segment, got ${result.kind}.`);
      return result.segment;
    });
    const seconds = (performance.now() - begunAt) / 1000;
    if (made.isNew) desk.count({ segmentsMade: 1, framesMade: made.frames, segmentSeconds: seconds });
    // Whoever made it: who did may have died before it could be told.
    await desk.states.addMade(film, index, made);
    desk.trouble(null);
    desk.tell({ type: 'segment', film, segment: index, seconds, ...made });
    return 'made';
  } catch (error) {
    return await answerFor(desk, { job, hold, device }, asUpreelError(error), segment);
  } finally {
    desk.endSegment();
  }
}

async function answerFor(
  desk: Desk,
  { job, hold, device }: Taken,
  failure: UpreelError,
  { film, index, failed }: SegmentJob,
): Promise<string> {
  const { name } = desk.settings;
  if (failure instanceof HoldLost) throw failure;
  if (desk.context.signal.aborted) {
    await job.moveToWait(hold);
    desk.count({ lost: 1 });
    desk.tell({ type: 'released', film, segment: index });
    throw new WaitingError();
  }
  if ((await desk.states.stateOf(film)) !== 'running') return 'not wanted';
  desk.count({ failures: 1 });
  desk.tell({ type: 'failed', film, segment: index, message: failure.message });
  if (passesByItself(failure)) {
    desk.trouble(failure.message);
    await job.moveToDelayed(Date.now() + PASSING_MILLISECONDS, hold);
    throw new DelayedError();
  }
  const names = [...new Set([...failed, name])];
  await job.updateData({ film, index, failed: names });
  const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
  const isHopeless = isBadInput(failure) && (failed.length > 0 || !(await desk.othersCan(names, device)));
  if (isLast || isHopeless) await desk.states.addFailure(film, index, toErrorRecord(failure));
  throw isHopeless ? new UnrecoverableError(failure.message) : failure;
}
