import { UpreelError } from '../core/errors.ts';
import { locateWeights, type ModelDescriptor, readCatalogue } from '../core/model/index.ts';
import type { Pause } from '../core/pause.ts';
import type { Upscaler } from '../core/upscaler/upscaler.ts';
import { openSharedStore, type SharedFilm, type SharedStore } from '../store/index.ts';
import {
  type EndedFilm,
  endSharedFilm,
  type MadeSegment,
  makeSharedSegment,
  openSharedFilm,
  type PreviewTap,
  type SubmittedFilm,
  submitFilm,
  type VideoRequest,
} from '../video/index.ts';
import { deviceClass, runtimeIdentity } from './device-class.ts';
import type { EngineNetwork, EngineTask } from './engine-protocol.ts';
import { filmMaking } from './making.ts';
import type { TaskContext } from './task-context.ts';
import { parseTask } from './video-task.ts';

type Task<Kind extends EngineTask['kind']> = Extract<EngineTask, { kind: Kind }>;

/** @param request the same film as a job of this machine's */
export async function runSubmission(
  { store: address, network }: Task<'submit'>,
  request: VideoRequest,
  { scale }: ModelDescriptor,
  { signal }: TaskContext,
): Promise<SubmittedFilm> {
  return withStore(address, signal, async (store) => {
    const checkpoint = await shareCheckpoint(store, network);
    // Neither the machine nor the device is known yet; what made a segment stands in its record.
    const { runtime: _, device: __, ...model } = request.job.model;
    return submitFilm({ ...request, job: { ...request.job, model } }, { store, scale, checkpoint, signal });
  });
}

async function withStore<T>(
  address: string,
  signal: AbortSignal,
  work: (store: SharedStore) => Promise<T>,
): Promise<T> {
  const store = await openSharedStore(address, signal);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** A catalogue's network is fetched by whoever needs it. @returns the way to any other one's file in the store. */
async function shareCheckpoint(store: SharedStore, { model }: EngineNetwork): Promise<string | null> {
  if (readCatalogue().models.some(({ id }) => id === model)) return null;
  const { path, paramPath } = (await locateWeights(model)).files;
  return store.addModel(paramPath === undefined ? [path] : [path, paramPath]);
}

interface Opened {
  readonly upscaler: Upscaler;
  readonly descriptor: ModelDescriptor;
  readonly pause: Pause;
  readonly preview: PreviewTap;
}

/** @throws UpreelError `model-refused` if the network is not the one that the film was submitted with. */
export async function runSharedSegment(
  { store: address, film: id, index, token, worker, network }: Task<'segment'>,
  { upscaler, descriptor, pause, preview }: Opened,
  { onEvent, signal }: TaskContext,
): Promise<MadeSegment> {
  return withStore(address, signal, async (store) => {
    const shared = await openSharedFilm(store, id);
    const { settings } = sharedTask(shared.film).request;
    requireModel(shared.film, descriptor);
    const made = { worker, device: deviceClass(network), runtime: runtimeIdentity() };
    return makeSharedSegment(shared, { index, token, upscaler, settings, made, pause, preview, onEvent, signal });
  });
}

export async function runSharedEnding(
  { store: address, film: id, token }: Task<'ending'>,
  pause: Pause,
  { onEvent, signal }: TaskContext,
): Promise<EndedFilm> {
  return withStore(address, signal, (store) => endInStore(store, { id, token }, pause, { onEvent, signal }));
}

async function endInStore(
  store: SharedStore,
  { id, token }: { readonly id: string; readonly token: string },
  pause: Pause,
  { onEvent, signal }: Pick<TaskContext, 'onEvent' | 'signal'>,
): Promise<EndedFilm> {
  const shared = await openSharedFilm(store, id);
  const { film } = shared;
  const task = sharedTask(film);
  const { report } = task.request.settings;
  if (report !== null) await store.placeOf(report);
  const settings = { ...task.request.settings, target: { kind: 'network' as const } };
  const { id: name, contentHash } = film.identity.model;
  const making = filmMaking(task, { id: String(name), contentHash: String(contentHash) }, '');
  const { model } = task.network;
  return endSharedFilm(shared, { store, token, model, settings, report, making, pause, onEvent, signal });
}

/** What was asked for, held against the settings that there are. @throws UpreelError `usage`. */
export function sharedTask(film: SharedFilm): Task<'video'> {
  const found = parseTask(film.task, film.output);
  if (found !== null) return found.task;
  throw new UpreelError('usage', `The film ${film.id} was submitted by ${film.program}, which is another version.`, {
    hint: 'Have the same version of upreel on all machines, and submit it anew.',
  });
}

function requireModel({ identity }: SharedFilm, { id, contentHash }: ModelDescriptor): void {
  if (identity.model.contentHash === contentHash) return;
  throw new UpreelError('model-refused', `The network ${id} here is not the one that the film was submitted with.`, {
    hint: 'Have the same version of upreel, and the same checkpoints, on all machines.',
  });
}
