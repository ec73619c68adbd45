import { stat } from 'node:fs/promises';
import { basename, dirname, posix, resolve } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { isSequenceName } from '../../core/files/sequence-name.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import type { SharedStore } from '../../store/index.ts';
import { checkOutput } from '../check-output.ts';
import { drawUp } from '../job-context.ts';
import { preparePlan } from '../plan/prepare-plan.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { VideoSettings } from '../settings.ts';
import { containerFor } from '../source/containers.ts';
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
  const { file, settings, stored, taken } = await findSource(request, store);
  // Elsewhere the store tells whether names are free.
  if (store.isFolder) await checkOutput({ input: file, settings }, output);
  else containerFor(output);
  const plan = await preparePlan({ input: file, settings }, output, { scale }, signal);
  const { path, frames } = plan.source;
  const resultWay = await store.wayOfResult(output, settings.overwrite);
  const report = settings.report === null ? null : await store.wayOfResult(settings.report, settings.overwrite);
  requireApart({ result: resultWay, report, taken }, store);
  const drawn = await drawUp(plan, { ...request, settings, device: SLOWEST }, signal);
  const { way: input, moved } =
    frames === undefined
      ? { way: stored?.way ?? (await store.addSource(path)), moved: NONE }
      : await store.addPictures(path, frames.paths, frames.sound?.path ?? null);
  const elsewhere = new Map([[path, input], ...moved, [output, resultWay]]);
  const shown = stored === null ? plan : tellOf(plan, path, store.nameOf(stored.liesAt));
  const { json: planJson, times } = encodePlan(shown, store.root, store.isFolder ? NONE : elsewhere);
  const task = withoutPaths(drawn.task, report);
  const changedMs = store.isFolder || frames === undefined ? undefined : (await stat(frames.paths[0]!)).mtimeMs;
  const named = { input, output: resultWay, checkpoint, sourceAt: stored?.liesAt, changedMs };
  const id = await store.addFilm({ ...drawn, ...named, task, planJson, times });
  return {
    id,
    output: store.isFolder ? output : `${store.address}/${resultWay}`,
    frames: plan.frames.count,
    segments: drawn.segments.length,
    source: plan.picture.size,
    target: plan.encodedSize,
    warnings: shown.warnings.map(({ message }) => message),
  };
}

interface FoundSource {
  /** On this machine. */
  readonly file: string;
  /** With what they name on this machine. */
  readonly settings: VideoSettings;
  /** Where it lies in the store already; `way` is that of a film in one file. null: it is to be added. */
  readonly stored: { readonly way?: string; readonly liesAt: string } | null;
  /** Ways of all that is in a bucket already. */
  readonly taken: readonly string[];
}

/** @throws as `SharedStore.sourceNamed` */
async function findSource({ input, settings: asked }: VideoRequest, store: SharedStore): Promise<FoundSource> {
  const sound = asked.sound === null ? null : await store.sourceNamed(asked.sound);
  const heard = sound?.stored ? [sound.stored.liesAt] : [];
  // Whether hardware decodes is each machine's own choice, and proven there.
  const settings = { ...asked, sound: sound?.path ?? null, hwaccel: 'off' as const };
  if (asked.frames === null) {
    const { path: file, stored } = await store.sourceNamed(input);
    return { file, settings, stored, taken: stored === null ? heard : [stored.liesAt, ...heard] };
  }
  const { paths, liesAt } = await store.picturesNamed(asked.frames);
  const frames = { ...settings, frames: [...paths] };
  if (liesAt === null) return { file: input, settings: frames, stored: null, taken: heard };
  const taken = [...paths.map((path) => posix.join(liesAt, basename(path))), ...heard];
  return { file: dirname(paths[0]!), settings: frames, stored: { liesAt }, taken };
}

/** What is told of a source names where it lies for all, not where it is for the moment. */
function tellOf(plan: VideoPlan, path: string, name: string): VideoPlan {
  const warnings = plan.warnings.map((warning) => ({ ...warning, message: warning.message.replaceAll(path, name) }));
  return { ...plan, warnings };
}

/** Which of them is which would be lost; a folder of pictures holds nothing else. @throws UpreelError `usage`. */
function requireApart(
  {
    result,
    report,
    taken,
  }: { readonly result: string; readonly report: string | null; readonly taken: readonly string[] },
  store: SharedStore,
): void {
  const folder = isSequenceName(result) ? posix.dirname(result) : null;
  const isOfResult = (way: string) => {
    return way === result || (folder !== null && (way === folder || way.startsWith(`${folder}/`)));
  };
  const isTwice = report !== null && (isOfResult(report) || taken.includes(report));
  const twice = isTwice ? report : taken.find(isOfResult);
  if (twice === undefined) return;
  throw new UpreelError('usage', `${store.nameOf(twice)} cannot be two of source, result and report.`, {
    hint: 'Choose other names with -o and --report.',
  });
}

const NONE: ReadonlyMap<string, string> = new Map();

/** A fleet may have machines without a GPU, which should not sit over one segment for hours. */
const SLOWEST = 'cpu';

type Task = VideoRequest['job']['task'];

/** Source and result are named beside it, pictures and sound in the plan: that leaves the report. */
function withoutPaths(task: Task, report: string | null): Task {
  const { request, ...rest } = task as { request: { settings: object } };
  const settings = { ...request.settings, report, workDir: null, frames: null, sound: null };
  return { ...rest, request: { ...request, settings } } as Task;
}
