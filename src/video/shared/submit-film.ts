import { resolve } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
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
  /** Absolute. */
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
 * @throws UpreelError `usage` for what does not lie in the store, and as `upscaleFilm` does before its first frame.
 */
export async function submitFilm(request: VideoRequest, context: SubmitContext): Promise<SubmittedFilm> {
  const { store, scale, checkpoint, signal } = context;
  const output = resolve(request.output);
  await checkOutput(request, output);
  // Whether hardware decodes is each machine's own choice, and proven there.
  const settings = { ...request.settings, hwaccel: 'off' as const };
  const plan = await preparePlan({ input: request.input, settings }, output, { scale }, signal);
  const { path, frames } = plan.source;
  const sound = frames?.sound ?? null;
  for (const file of [...new Set(frames?.paths ?? [path]), ...(sound === null ? [] : [sound.path])]) {
    await wayIn(store, file, 'The source');
  }
  const input = await wayIn(store, path, 'The source');
  const report = settings.report === null ? null : await wayIn(store, settings.report, '--report');
  const drawn = await drawUp(plan, { ...request, device: SLOWEST }, signal);
  const { json: planJson, times } = encodePlan(plan, store.root);
  const id = await store.addFilm({
    ...drawn,
    task: withReport(drawn.task, report),
    input,
    output: await wayIn(store, output, 'The result'),
    checkpoint,
    planJson,
    times,
  });
  return {
    id,
    output,
    frames: plan.frames.count,
    segments: drawn.segments.length,
    source: plan.picture.size,
    target: plan.encodedSize,
    warnings: plan.warnings.map(({ message }) => message),
  };
}

/** A fleet may have machines without a GPU, which should not sit over one segment for hours. */
const SLOWEST = 'cpu';

/** @throws UpreelError `usage` */
async function wayIn(store: SharedStore, path: string, what: string): Promise<string> {
  const way = await store.wayTo(path);
  if (way !== null) return way;
  throw new UpreelError('usage', `${what} ${path} is not in the store ${store.root}, where all machines can see it.`, {
    hint: 'Move or copy it there first, and name it as it is called there.',
  });
}

type Task = VideoRequest['job']['task'];

/** The one name in a task that is neither the source nor the result. */
function withReport(task: Task, report: string | null): Task {
  const { request, ...rest } = task as { request: { settings: object } };
  return { ...rest, request: { ...request, settings: { ...request.settings, report, workDir: null } } } as Task;
}
