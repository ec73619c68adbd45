import { outputPath } from '../core/files/output-name.ts';
import { loadModel, type Model, type ModelDescriptor } from '../core/model/index.ts';
import { Pause } from '../core/pause.ts';
import { sizeText } from '../core/pixels/geometry.ts';
import { upscaleImageFile } from '../core/still/upscale-image.ts';
import { fitUpscalerOptions } from '../core/upscaler/fit-options.ts';
import { leastTilePx, precisionOf } from '../core/upscaler/network-settings.ts';
import { openUpscaler } from '../core/upscaler/open-upscaler.ts';
import type { Upscaler } from '../core/upscaler/upscaler.ts';
import { PreviewTap, upscaleFilm, type VideoRequest } from '../video/index.ts';
import { proveDevice } from './device-proof.ts';
import type { EngineNetwork, EngineResult, EngineTask, OpenTile } from './engine-protocol.ts';
import { layoutUse, readLayouts } from './layout-store.ts';
import { filmMaking, pictureMaking } from './making.ts';
import { measureLayouts } from './measure-layouts.ts';
import { openPixelPort, type PixelPort } from './pixel-port.ts';
import { runPixelTask } from './run-pixels.ts';
import { runSharedEnding, runSharedSegment, runSubmission } from './shared-film-tasks.ts';
import { openStandardStreams } from './standard-streams.ts';
import type { TaskContext } from './task-context.ts';
import { jobContext, videoTarget } from './video-task.ts';

/** Runs tasks inside the engine. The network of the last task stays open: the next picture needs no loading. */
export interface TaskRunner {
  run(task: EngineTask, context: TaskContext): Promise<EngineResult>;
  /** Holds back all tasks that upscale. */
  readonly pause: Pause;
  /** Frames of videos as they are made. */
  readonly preview: PreviewTap;
}

interface Warm {
  readonly key: string;
  readonly descriptor: ModelDescriptor;
  readonly upscaler: Upscaler;
  readonly tile: OpenTile;
}

export function openTaskRunner(): TaskRunner {
  const pause = new Pause();
  const preview = new PreviewTap();
  let port: PixelPort | null = null;
  let warm: Warm | null = null;
  /** Where the open network's warnings go: to whichever task is running. */
  let notify: TaskContext['onEvent'] = () => undefined;

  async function openFor({ kind, network }: EngineTask, context: TaskContext): Promise<Warm> {
    notify = context.onEvent;
    const work = kind === 'video' || kind === 'segment' ? 'frames' : 'stills';
    const key = JSON.stringify([work, network]);
    if (warm?.key !== key) {
      await warm?.upscaler.close();
      warm = null;
      const model = await loadForTask(network, context);
      const onWarning = (message: string): void => context.onEvent({ type: 'warning', code: 'memory', message });
      const layouts = await readLayouts(layoutUse(model.descriptor.contentHash, network));
      const fitting = { signal: context.signal, onWarning };
      const options = await fitUpscalerOptions(network, model, work, fitting, layouts?.[work] ?? null);
      const tell = (message: string): void => notify({ type: 'warning', code: 'network', message });
      const { descriptor } = model;
      const upscaler = openUpscaler(model, options, tell, pause);
      const { tilePx } = options;
      warm = { key, descriptor, upscaler, tile: { tilePx, leastTilePx: leastTilePx(descriptor) } };
      if (network.tilePx !== null && network.tilePx !== tilePx) tell(notFollowed(descriptor, network.tilePx));
    }
    context.onOpen(warm.tile);
    return warm;
  }

  return {
    pause,
    preview,
    async run(task, taskContext) {
      const soon = { ...taskContext, signal: AbortSignal.any([taskContext.signal, taskContext.drain]) };
      const context = task.kind === 'video' ? taskContext : soon;
      switch (task.kind) {
        case 'prove': {
          const { device, gpus } = task.network;
          const precision = precisionOf(task.network);
          const model = await loadForTask(task.network, context);
          return { kind: 'prove', proof: await proveDevice(model, device, { gpus, precision }, context.signal) };
        }
        case 'tune': {
          const model = await loadForTask(task.network, context);
          return { kind: 'tune', measured: await measureLayouts(model, task.network, task.seconds, context.signal) };
        }
        case 'image': {
          const { upscaler, descriptor } = await openFor(task, context);
          const making = pictureMaking(task, descriptor, upscaler.device);
          await upscaleImageFile(task.request, { upscaler, model: task.network.model, making, ...context });
          return { kind: 'image' };
        }
        case 'pixels': {
          const { upscaler } = await openFor(task, context);
          port ??= openPixelPort();
          await runPixelTask(task, { ...context, upscaler, port });
          return { kind: 'pixels' };
        }
        case 'video': {
          const { upscaler, descriptor } = await openFor(task, soon);
          const streams = openStandardStreams(task.request);
          const optional = streams && { streams };
          await upscaleFilm(videoRequest(task, descriptor, upscaler.device), {
            upscaler,
            pause,
            preview,
            ...context,
            ...optional,
          });
          return { kind: 'video' };
        }
        case 'submit': {
          const { descriptor } = await loadForTask(task.network, context);
          const { network, request } = task;
          const asked = videoRequest({ kind: 'video', network, request }, descriptor, network.device);
          return { kind: 'submit', film: await runSubmission(task, asked, descriptor, context) };
        }
        case 'segment': {
          const opened = await openFor(task, context);
          return { kind: 'segment', segment: await runSharedSegment(task, { ...opened, pause, preview }, context) };
        }
        case 'ending':
          return { kind: 'ending', ended: await runSharedEnding(task, pause, context) };
      }
    },
  };
}

/** Only a network of fixed size does not follow. */
function notFollowed({ id, fixedPx }: ModelDescriptor, askedPx: number): string {
  const size = fixedPx === null ? '' : sizeText(fixedPx);
  return `${id} runs on ${size} pixels only: tiles of ${askedPx} px are not to be had.`;
}

function loadForTask(network: EngineNetwork, { signal, onEvent }: TaskContext): Promise<Model> {
  const { model, denoise, onnxRange, onnxChannels, colour } = network;
  return loadModel(model, {
    ...(denoise !== null && { denoise }),
    colour,
    onnx: { ...(onnxRange && { range: onnxRange }), ...(onnxChannels && { channels: onnxChannels }) },
    signal,
    onPull: (pull) => onEvent({ type: 'pull', ...pull }),
  });
}

function videoRequest(
  task: Extract<EngineTask, { kind: 'video' }>,
  descriptor: ModelDescriptor,
  device: string,
): VideoRequest {
  const { network, request } = task;
  return {
    input: request.input,
    output: outputPath(request.output, request.target, descriptor.scale),
    model: network.model,
    settings: { ...request.settings, target: videoTarget(request.target) },
    job: jobContext(task, descriptor),
    making: filmMaking(task, descriptor, device),
  };
}
