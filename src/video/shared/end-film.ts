import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskFull, systemErrorCode, UpreelError } from '../../core/errors.ts';
import type { TaskEvent } from '../../core/events.ts';
import { keepTimes } from '../../core/files/publish.ts';
import { isSequenceName, resultPlace } from '../../core/files/sequence-name.ts';
import type { Pause } from '../../core/pause.ts';
import type { Making } from '../../core/provenance.ts';
import { isFull, type SegmentRecord, type SharedStore } from '../../store/index.ts';
import { concludeFilm, firstFile } from '../conclude-film.ts';
import { checkPlace, finisherFor } from '../finish/finish.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import { VideoProgress } from '../progress.ts';
import type { VideoSettings } from '../settings.ts';
import type { OpenSharedFilm } from './shared-film.ts';

interface EndContext {
  readonly store: SharedStore;
  /** Of this attempt alone: lower-case letters and digits. */
  readonly token: string;
  readonly model: string;
  readonly settings: VideoSettings;
  /** Way of the report that is to be written; null: none. */
  readonly report: string | null;
  readonly making: Making | null;
  readonly pause: Pause;
  readonly onEvent: (event: TaskEvent) => void;
  readonly signal: AbortSignal;
}

export interface EndedFilm {
  readonly frames: number;
  readonly bytes: number;
  /** Segments that are not there after all; then there is no result. */
  readonly missing: readonly number[];
}

/**
 * Joins a shared film's segments, verifies the result and publishes it in the store.
 * @throws UpreelError as `concludeFilm` does.
 */
export async function endSharedFilm(shared: OpenSharedFilm, context: EndContext): Promise<EndedFilm> {
  const { film, plan, segments } = shared;
  const { store, token, settings, report, making, pause, onEvent, signal } = context;
  const { records, missing } = await findAll(shared, signal);
  if (missing.length > 0) return { frames: 0, bytes: 0, missing };
  const result = store.resultOf(film, token, report);
  const published = await result.published();
  if (published !== null) return { ...published, missing: [] };
  const { work, output, place } = result;
  const { overwrite } = settings;
  if (place !== null) await checkPlace(place, overwrite);
  await result.begin(overwrite);
  const resultFile = join(work, isSequenceName(output) ? 'result' : `result${extname(output)}`);
  const devices = [...new Set(records.map(({ made }) => made?.device ?? 'unknown'))].sort().join(', ');
  const progress = new VideoProgress(
    {
      input: film.input,
      framesTotal: plan.frames.count,
      outputPixelsTotal: null,
      done: {
        frames: countFrames(records),
        tiles: 0,
        outputPixels: 0,
        reusedPixels: 0,
      },
      lanes: 1,
      hasCarried: plan.streams.order.some((entry) => entry !== null),
      soundSeconds: 0,
    },
    records.reduce((sum, { bytes }) => sum + bytes, 0),
    onEvent,
    pause.activeSeconds,
  );
  try {
    const directory = { place: await segments.gather(records), resultFile, outputPlace: resultPlace(output) };
    const request = {
      input: film.input,
      model: context.model,
      settings: { ...settings, report: result.report, keepTimes: false },
      making: making && { ...making, device: devices },
      names: { input: store.nameOf(film.sourceAt ?? film.input), output: store.nameOf(film.output) },
    };
    const ended = await concludeFilm({ ...plan, output }, records, request, {
      directory,
      device: devices,
      progress,
      pause,
      tell: onEvent,
      signal,
    });
    // What lies among objects has no time of change of its own: it is told with it.
    if (settings.keepTimes && store.isFolder) await tryToKeepTimes(plan, output, onEvent);
    const changedMs = settings.keepTimes ? Number(film.changedMs ?? film.identity.source.changedMs) : null;
    const giveName = (made: string, name: string) =>
      finisherFor({ ...plan, output: name }, null).publish(resultPlace(made), resultPlace(name), overwrite);
    // Who was taken for dead may have been overtaken.
    if ((await result.published()) === null) {
      await result.publish({ frames: ended.framesTotal, bytes: ended.bytes }, { overwrite, changedMs, giveName });
    }
    return { frames: ended.framesTotal, bytes: ended.bytes, missing: [] };
  } catch (error) {
    throw !signal.aborted && (await isFull(work)) ? diskFull(error, work) : error;
  } finally {
    await result.end();
  }
}

/** A share that takes no times, or a source that is gone, is no reason to make the film again and again. */
async function tryToKeepTimes({ source }: VideoPlan, output: string, tell: EndContext['onEvent']): Promise<void> {
  const from = firstFile(source);
  await keepTimes(from, resultPlace(output)).catch(({ cause }: UpreelError) => {
    const why = systemErrorCode(cause) ?? 'it is not taken';
    tell({ type: 'warning', code: 'times-lost', message: `The result has not the time of ${from} (${why}).` });
  });
}

function countFrames(records: readonly SegmentRecord[]): number {
  return records.reduce((sum, { ptsTicks }) => sum + ptsTicks.length, 0);
}

/** How long a disk of the network may show what was there before (acdirmax of NFS is a minute). */
const PATIENCE_SECONDS = [1, 2, 4, 8, 16, 32];

/** Every segment's record. What another machine has committed a moment ago may not be seen here yet. */
async function findAll(
  { film, segments }: OpenSharedFilm,
  signal: AbortSignal,
): Promise<{ records: SegmentRecord[]; missing: number[] }> {
  for (const seconds of [...PATIENCE_SECONDS, null]) {
    const found = await segments.findAll();
    const records = found.filter((record) => record !== null);
    const missing = film.segments.map(({ index }) => index).filter((index) => found[index] === null);
    const listed = missing.length === 0 ? null : await segments.listed();
    // What is not even begun will not come.
    if (listed === null || seconds === null || !missing.some((index) => listed.has(index))) return { records, missing };
    await sleep(seconds * 1000, undefined, { signal });
  }
  throw new UpreelError('internal', 'Expected an end of patience.');
}
