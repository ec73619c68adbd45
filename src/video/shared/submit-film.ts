import { resolve } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { isSequenceName } from '../../core/files/sequence-name.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import type { SharedStore } from '../../store/index.ts';
import { checkOutput } from '../check-output.ts';
import { drawUp } from '../job-context.ts';
import { preparePlan } from '../plan/prepare-plan.ts';
import type { VideoRequest } from '../video-request.ts';
import { encodePlan } from './plan-file.ts';

/** A film that waits in a store for whoever makes its segments. */
export interface SubmittedFilm {
  readonly id: string;
  /** Absolute, or `s3://...`. */
  readonly output: string;
  readonly frames: number;
  readonly segments: number;
  readonly source: Size;
  readonly target: Size;
  readonly warnings: readonly string[];
}

interface SubmitContext {
  readonly store: SharedStore;
  readonly scale: number;
  /** Way to the network's own file in the store; null: its name says all. */
  readonly checkpoint: string | null;
  readonly signal: AbortSignal;
}

/**
 * Decides everything about a film but where it is made, and writes it into the store: any number of machines can make
 * its segments from there, in any order. Needs the network's scale, and no network.
 * @throws UpreelError `usage` for what cannot be in the store, and as `upscaleFilm` does before its first frame.
 */
export async function submitFilm(request: VideoRequest, context: SubmitContext): Promise<SubmittedFilm> {
  const { store, scale, checkpoint, signal } = context;
  const output = resolve(request.output);
  const { path: file, stored } = await store.sourceNamed(request.input);
  await checkFor(store, { ...request, input: file }, output);
  // Whether hardware decodes is each machine's own choice, and proven there.
  const settings = { ...request.settings, hwaccel: 'off' as const };
  const plan = await preparePlan({ input: file, settings }, output, { scale }, signal);
  const { path, frames } = plan.source;
  const sound = frames?.sound ?? null;
  if (!store.isFolder && frames !== undefined) throw noPictures(path, store);
  const resultWay = await store.wayOfResult(output, settings.overwrite);
  const report = settings.report === null ? null : await store.wayOfResult(settings.report, settings.overwrite);
  requireApart([resultWay, report, stored?.liesAt ?? null], store);
  const drawn = await drawUp(plan, { ...request, device: SLOWEST }, signal);
  for (const file of [...(frames?.paths ?? []), ...(sound === null ? [] : [sound.path])]) await store.addSource(file);
  const input = stored?.way ?? (await store.addSource(path));
  const moved = store.isFolder
    ? NONE
    : new Map([
        [path, input],
        [output, resultWay],
      ]);
  const { json: planJson, times } = encodePlan(plan, store.root, moved);
  const task = withReport(drawn.task, report);
  const named = { input, output: resultWay, checkpoint, sourceAt: stored?.liesAt };
  const id = await store.addFilm({ ...drawn, ...named, task, planJson, times });
  return {
    id,
    output: store.isFolder ? output : `${store.address}/${resultWay}`,
    frames: plan.frames.count,
    segments: drawn.segments.length,
    source: plan.picture.size,
    target: plan.encodedSize,
    warnings: plan.warnings.map(({ message }) => message),
  };
}

/** In a folder, names are free or taken here; elsewhere the store tells. @throws as `checkOutput`. */
async function checkFor(store: SharedStore, request: VideoRequest, output: string): Promise<void> {
  const { settings } = request;
  if (store.isFolder) return checkOutput(request, output);
  if (isSequenceName(output)) throw noPictures(output, store);
  await checkOutput({ ...request, settings: { ...settings, overwrite: true } }, output);
}

/** In a bucket, where many objects can neither appear nor be replaced at once. */
function noPictures(path: string, { address }: SharedStore): UpreelError {
  return new UpreelError('usage', `A film of numbered pictures cannot be in the store ${address}: ${path}.`, {
    hint: 'Films there are single files: use a shared folder as the store.',
  });
}

/** Which of them is which would be lost. @throws UpreelError `usage`. */
function requireApart(ways: readonly (string | null)[], store: SharedStore): void {
  const twice = ways.find((way, index) => way !== null && ways.indexOf(way) !== index);
  if (twice === undefined || twice === null) return;
  throw new UpreelError('usage', `${store.nameOf(twice)} cannot be two of source, result and report.`, {
    hint: 'Choose other names with -o and --report.',
  });
}

const NONE: ReadonlyMap<string, string> = new Map();

/** A fleet may have machines without a GPU, which should not sit over one segment for hours. */
const SLOWEST = 'cpu';

type Task = VideoRequest['job']['task'];

/** The one name in a task that is neither the source nor the result. */
function withReport(task: Task, report: string | null): Task {
  const { request, ...rest } = task as { request: { settings: object } };
  return { ...rest, request: { ...request, settings: { ...request.settings, report, workDir: null } } } as Task;
}
