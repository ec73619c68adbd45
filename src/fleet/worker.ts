import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Worker } from 'bullmq';
import { toErrorRecord, UpreelError } from '../core/errors.ts';
import { devicesOfMachine, openRestartingEngine } from '../engine/index.ts';
import { beat } from './beats.ts';
import { Desk } from './desk.ts';
import { joinFilm } from './film-work.ts';
import { serveMetrics } from './metrics.ts';
import { FILMS_QUEUE, type FilmJob, type SegmentJob, segmentJobSchema } from './names.ts';
import { makeSegment } from './segment-work.ts';
import { SegmentTakers } from './takers.ts';
import type { WorkerContext, WorkerSettings } from './worker-settings.ts';

const LOOK_MILLISECONDS = 100;
const CLOSE_MILLISECONDS = 5000;
/** A segment whose workers died more often than that is what kills them. */
const MOST_STALLED = 3;

/**
 * Makes segments, and joins films, until it is told to end. The engine is a process of its own, so that renewing what
 * is held never waits for a tile; what was lost is stopped, and another worker makes it.
 */
export async function runWorker(settings: WorkerSettings, given: WorkerContext): Promise<void> {
  const asked = new AbortController();
  const context = { ...given, drain: AbortSignal.any([given.drain, asked.signal]) };
  const { connection, drain, signal } = context;
  const { name, metricsPort, stallSeconds, nice } = settings;
  const devices = await devicesOfMachine(settings.network, signal);
  const desk = new Desk(settings, context, devices);
  const engines = [0, 1].map(() => openRestartingEngine({ stallSeconds, nice }));
  const [segmentEngine, filmEngine] = [engines[0]!, engines[1]!];
  const how = optionsOf(settings, context);
  const segments = new SegmentTakers(connection.redis, [null, ...devices], how, (job, hold, device) =>
    counted(desk, () => makeSegment(desk, segmentEngine, { job, hold, device })),
  );
  const films = new Worker<FilmJob>(
    FILMS_QUEUE,
    (job, hold) => counted(desk, () => joinFilm(desk, filmEngine, job, hold)),
    how,
  );
  const workers: readonly Worker[] = [...segments.workers, films];
  for (const worker of workers) {
    worker.on('error', ({ message }) => desk.trouble(message));
    worker.on('ready', () => desk.trouble(null));
    worker.on('lockRenewalFailed', (ids: string[]) => {
      for (const id of ids) desk.lose(id);
    });
  }
  // Of those whose workers died: nobody else tells of them.
  for (const taker of segments.workers) {
    taker.on('failed', (job, error) => void tellOfDeaths(desk, job, error).catch(() => {}));
  }
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  const endBeat = beat(
    connection,
    () => desk.beat,
    (isAsked) => {
      if (isAsked) asked.abort(new UpreelError('terminated', 'The worker was told to end.'));
      void desk.stopUnwanted().catch(() => {});
    },
  );
  const metrics = metricsPort === null ? null : await serveMetrics(metricsPort, connection, () => desk.totals);
  desk.tell({
    type: 'ready',
    message: `${name} works for ${connection.shown}`,
    ...(metrics && { port: metrics.port }),
  });
  await untilAborted(AbortSignal.any([drain, signal]));
  const onAbort = (): void => desk.stopAll(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  // Waits for what is at work, and takes nothing new.
  const closing = Promise.all([segments.close(), films.close()]);
  while (desk.atWork > 0 && !signal.aborted) await Promise.race([closing, sleep(LOOK_MILLISECONDS)]);
  // Closing hangs in BullMQ 6.7 where it meets a connection that is coming back, and everything where none does: then
  // what is held is missed by the others, and its hold runs out.
  const soon = sleep(CLOSE_MILLISECONDS);
  await Promise.race([closing, soon]);
  await Promise.race([Promise.all([metrics?.close(), endBeat()]), soon]);
  await Promise.all(engines.map((engine) => engine.close()));
}

function optionsOf({ name, lockSeconds }: WorkerSettings, { connection }: WorkerContext) {
  const { redis, prefix } = connection;
  return {
    connection: redis,
    prefix,
    name,
    concurrency: 1,
    lockDuration: 1000 * lockSeconds,
    stalledInterval: 500 * lockSeconds,
    maxStalledCount: MOST_STALLED,
  };
}

async function counted<T>(desk: Desk, work: () => Promise<T>): Promise<T> {
  desk.atWork++;
  try {
    return await work();
  } finally {
    desk.atWork--;
  }
}

async function tellOfDeaths(desk: Desk, job: Job<SegmentJob> | undefined, error: Error): Promise<void> {
  if (job === undefined || !/stalled/.test(error.message)) return;
  const { film, index } = desk.checked(segmentJobSchema, job.data);
  const failure = new UpreelError('engine-died', `Its workers died ${MOST_STALLED + 1} times while they made it.`);
  await desk.states.addFailure(film, index, toErrorRecord(failure));
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
