import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { folderFor, nearestFolder } from '../core/files/output-folder.ts';
import { resultPlace } from '../core/files/sequence-name.ts';
import type { Size } from '../core/pixels/geometry.ts';
import type { Upscaler } from '../core/upscaler/upscaler.ts';
import { jobFolderFor, requireSpace } from '../store/index.ts';
import { checkOutput } from './check-output.ts';
import { preparePlan } from './plan/prepare-plan.ts';
import { estimateSpace } from './plan/space.ts';
import type { VideoPlan } from './plan/video-plan.ts';
import type { VideoRequest } from './video-request.ts';

/** What upscaling a film would do. */
export interface FilmPlan {
  readonly output: string;
  readonly source: Size;
  readonly target: Size;
  readonly frames: number;
  readonly framesPerSecond: number;
  readonly encoder: string;
  readonly pixelFormat: string;
  readonly streams: readonly PlannedStream[];
  /** By estimate, on the low side: the unfinished parts, and the result. */
  readonly segmentBytes: number;
  readonly resultBytes: number;
  readonly warnings: readonly string[];
}

/** A stream of the source, and what becomes of it. */
export interface PlannedStream {
  readonly index: number;
  readonly kind: string;
  readonly codec: string;
  readonly becomes: 'upscaled' | 'copied' | 'converted' | 'left out';
  /** ffmpeg's name of what it is converted to. */
  readonly to?: string;
}

/**
 * Finds out what `upscaleVideo` would do, by all that it finds out before the first frame, and leaves nothing behind:
 * the beginning of the sound may lie in the temporary folder while it is tried.
 * @param folders that are not there and would be made first.
 * @throws UpreelError where the work would be refused before it begins.
 */
export async function planFilm(
  request: Pick<VideoRequest, 'input' | 'output' | 'settings'>,
  upscaler: Pick<Upscaler, 'scale'>,
  folders: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<FilmPlan> {
  const output = resolve(request.output);
  const { settings } = request;
  await checkOutput(request, output);
  const place = resultPlace(output);
  await folderFor(place, folders);
  const plan = await preparePlan(request, output, upscaler, signal, false);
  const space = estimateSpace(plan, settings.quality, plan.frames.count);
  const job = jobFolderFor(place, settings.workDir);
  if (settings.spaceCheck) {
    const needs = [
      { folder: await nearestFolder(job), bytes: space.segmentBytes },
      { folder: await nearestFolder(place), bytes: space.resultBytes },
    ];
    await requireSpace(needs);
  }
  const isBegun = (await stat(job).catch(() => null)) !== null && !settings.restart;
  const begun = `There is a job in ${job}: if it is the same, it goes on where it stopped.`;
  return {
    output,
    source: plan.picture.size,
    target: plan.encodedSize,
    frames: plan.frames.count,
    framesPerSecond: plan.frameRate.num / plan.frameRate.den,
    encoder: plan.encoder.name,
    pixelFormat: plan.encoder.pixelFormat,
    streams: plannedStreams(plan),
    ...space,
    warnings: [...plan.warnings.map(({ message }) => message), ...(isBegun ? [begun] : [])],
  };
}

function plannedStreams({ source, streams }: VideoPlan): PlannedStream[] {
  return source.streams.map((stream): PlannedStream => {
    const { index, kind, codec } = stream;
    if (stream === source.video) return { index, kind, codec, becomes: 'upscaled' };
    const entry = streams.order.find((planned) => planned?.source === stream) ?? null;
    if (entry === null) return { index, kind, codec, becomes: 'left out' };
    return entry.codec === 'copy'
      ? { index, kind, codec, becomes: 'copied' }
      : { index, kind, codec, becomes: 'converted', to: entry.sound?.codec ?? entry.codec };
  });
}
