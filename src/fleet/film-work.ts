import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import { asUpreelError, toErrorRecord, UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import type { RestartingEngine } from '../engine/index.ts';
import { attemptToken } from '../store/index.ts';
import { type Desk, HoldLost, isBadInput, PASSING_MILLISECONDS, passesByItself } from './desk.ts';
import { type FilmJob, filmJobSchema } from './names.ts';

/**
 * Joins the film that a job names, or says which of its segments could not be made. @param hold BullMQ's token of it
 * @throws what BullMQ is to do with a film that was not joined.
 */
export async function joinFilm(
  desk: Desk,
  engine: RestartingEngine,
  job: Job<FilmJob>,
  hold: string | undefined,
): Promise<string> {
  const { film, round } = desk.checked(filmJobSchema, job.data);
  const { states } = desk;
  const facts = await states.read(film);
  // Who had it before died between telling and clearing up.
  if (facts?.state === 'done') await clearUp(desk, film, round).catch(() => {});
  if (facts?.state !== 'running' || facts.round !== round) return 'not wanted';
  const failures = await states.failures(film);
  if (failures.size > 0) {
    const missing = [...failures.keys()].sort((a, b) => a - b);
    await failFor(desk, film, missing);
    return 'incomplete';
  }
  const begunAt = performance.now();
  try {
    const ended = await desk.during(job, film, async (signal) => {
      const network = await desk.networkFor(film, null, signal);
      desk.join(film);
      const { name: worker } = desk.settings;
      const { address: store } = desk.context.store;
      const task = { kind: 'ending' as const, network, store, film, token: attemptToken(), worker };
      const onEvent = (event: TaskEvent): void => {
        if (event.type === 'warning') desk.tell({ type: 'warning', film, message: event.message });
        if (event.type === 'progress' && event.stage !== 'prepare') void states.setStage(film, event.stage);
      };
      const result = await engine.run(task, { signal, onEvent });
      if (result.kind !== 'ending') throw new UpreelError('internal', `Expected an ending, got ${result.kind}.`);
      return result.ended;
    });
    if (ended.missing.length > 0) {
      await failFor(desk, film, ended.missing);
      return 'incomplete';
    }
    await states.setState(film, 'done');
    await clearUp(desk, film, round).catch(() => {});
    desk.tell({ type: 'film', film, seconds: (performance.now() - begunAt) / 1000, frames: ended.frames });
    return 'done';
  } catch (error) {
    return await answerFor(desk, job, hold, asUpreelError(error), film);
  } finally {
    desk.join(null);
  }
}

/** Removes what is kept of a film that is done, unless it was submitted again: that begins in the store. */
async function clearUp({ states, context: { store } }: Desk, id: string, round: number): Promise<void> {
  const facts = await states.read(id);
  if (facts?.state !== 'done' || facts.round !== round) return;
  const film = await store.readFilm(id).catch((error: unknown) => {
    // Who died has begun with the file that counts.
    if (asUpreelError(error).code === 'usage') return null;
    throw error;
  });
  const isDone = film === null || (await store.resultOf(film, attemptToken(), null).published()) !== null;
  if (isDone) await store.removeFilm(id);
}

async function answerFor(
  desk: Desk,
  job: Job<FilmJob>,
  hold: string | undefined,
  failure: UpreelError,
  film: string,
): Promise<string> {
  if (failure instanceof HoldLost) throw failure;
  if (desk.context.signal.aborted) {
    await job.moveToWait(hold);
    throw new WaitingError();
  }
  if ((await desk.states.stateOf(film)) !== 'running') return 'not wanted';
  desk.tell({ type: 'failed', film, message: failure.message });
  if (passesByItself(failure)) {
    desk.trouble(failure.message);
    await job.moveToDelayed(Date.now() + PASSING_MILLISECONDS, hold);
    throw new DelayedError();
  }
  const isLast = isBadInput(failure) || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
  if (isLast) await desk.states.setState(film, 'failed', toErrorRecord(failure));
  throw isLast ? new UnrecoverableError(failure.message) : failure;
}

/** So many are named. */
const MOST_NAMED = 5;

async function failFor({ states }: Desk, film: string, missing: readonly number[]): Promise<void> {
  const failures = await states.failures(film);
  const first = missing.map((index) => failures.get(index)).find((found) => found !== undefined);
  const numbers = missing.slice(0, MOST_NAMED).map((index) => `${index + 1}`);
  const more = missing.length > MOST_NAMED ? ['...'] : [];
  const which = `${missing.length === 1 ? 'Segment' : 'Segments'} ${[...numbers, ...more].join(', ')}`;
  const why = first === undefined ? '.' : `: ${first.message}`;
  const error = new UpreelError(first?.code ?? 'internal', `${which} could not be made${why}`, {
    hint: `upreel retry ${film} --queue ADDRESS tries again; what is made stays.`,
  });
  await states.setState(film, 'failed', toErrorRecord(error));
}
