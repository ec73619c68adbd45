import { stat } from 'node:fs/promises';
import { UpreelError } from '../../core/errors.ts';
import type { SharedFilm, SharedSegments, SharedStore } from '../../store/index.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import { decodePlan } from './plan-file.ts';

/** A film as a machine that works on it has it. */
export interface OpenSharedFilm {
  readonly film: SharedFilm;
  readonly plan: VideoPlan;
  readonly segments: SharedSegments;
}

/**
 * The source is on this machine then, until the store is closed.
 * @param mostBytes of a source that must be fetched for it
 * @throws UpreelError `usage` if it is not there or not whole, `place-untrusted` if its files are not in the store,
 *   `input-missing`, `input-damaged` if the source is not what was submitted.
 */
export async function openSharedFilm(store: SharedStore, id: string, mostBytes?: number): Promise<OpenSharedFilm> {
  const film = await store.readFilm(id);
  const plan = decodePlan({ json: film.planJson, times: film.times }, store.root);
  const source = await store.fetch(film.input, film.sourceAt, mostBytes);
  await store.placeOf(film.output);
  // Elsewhere its name is the hash of what it holds.
  if (store.isFolder && plan.source.frames === undefined) await requireSame(source, film);
  return { film, plan, segments: store.segmentsOf(film) };
}

/** By size and time of change alone: it is asked for each segment. */
async function requireSame(path: string, { identity }: SharedFilm): Promise<void> {
  const found = await stat(path).catch((cause) => {
    throw new UpreelError('input-missing', `The film's source ${path} is not there.`, {
      hint: 'Is the store mounted as on the machine that submitted it?',
      cause,
    });
  });
  const { bytes, changedMs } = identity.source;
  if (found.size === bytes && Math.abs(found.mtimeMs - Number(changedMs)) < LEAST_CHANGE_MILLISECONDS) return;
  throw new UpreelError('input-damaged', `${path} was changed since the film was submitted.`, {
    hint: 'Submit it anew.',
  });
}

/** Disks of the network may keep whole seconds where the local one keeps parts. */
const LEAST_CHANGE_MILLISECONDS = 1000;
