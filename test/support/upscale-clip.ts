import type { TaskEvent } from '../../src/core/events.ts';
import type { Making } from '../../src/core/provenance.ts';
import type { Upscaler } from '../../src/core/upscaler/upscaler.ts';
import { upscaleFilm, type VideoResult, videoSettingsSchema } from '../../src/video/index.ts';
import type { StandardStreams } from '../../src/video/video-request.ts';
import { nearestUpscaler } from './nearest-upscaler.ts';

interface Options {
  readonly settings?: Parameters<typeof videoSettingsSchema.parse>[0];
  readonly upscaler?: Upscaler;
  readonly signal?: AbortSignal;
  readonly drain?: AbortSignal;
  readonly onEvent?: (event: TaskEvent) => void;
  readonly streams?: StandardStreams;
  readonly making?: Making;
}

/** Upscales a clip, by nearest neighbour twice unless told otherwise, and gives all that it told. */
export async function upscaleClip(
  input: string,
  output: string,
  {
    settings = {},
    upscaler = nearestUpscaler(2),
    signal = new AbortController().signal,
    drain = new AbortController().signal,
    onEvent = () => {},
    streams,
    making,
  }: Options = {},
): Promise<VideoResult & { readonly events: readonly TaskEvent[] }> {
  const events: TaskEvent[] = [];
  const keep = (event: TaskEvent) => {
    events.push(event);
    onEvent(event);
  };
  const job = { model: { id: 'nearest' }, flopsPerPixel: 0, program: 'a test', task: null };
  const request = {
    input,
    output,
    model: 'nearest',
    settings: videoSettingsSchema.parse(settings),
    job,
    making: making ?? null,
  };
  return {
    ...(await upscaleFilm(request, { upscaler, onEvent: keep, signal, drain, ...(streams && { streams }) })),
    events,
  };
}
