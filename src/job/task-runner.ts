import type { TaskEvent } from '../core/events.ts';
import { loadModel, type Model, type ModelDescriptor } from '../core/model/index.ts';
import { openUpscaler } from '../core/open-upscaler.ts';
import { resolveUpscalerOptions } from '../core/options.ts';
import { outputPath, type Target } from '../core/output-name.ts';
import { upscaleImageFile } from '../core/upscale-image.ts';
import type { Upscaler } from '../core/upscaler.ts';
import { upscaleVideo, type VideoRequest, type VideoTarget } from '../video/index.ts';
import { proveDevice } from './device-proof.ts';
import type { EngineNetwork, EngineResult, EngineTask } from './engine-protocol.ts';
import { jobFacts } from './video-task.ts';

/** Runs tasks inside the engine. The network of the last task stays open: the next picture needs no loading. */
export interface TaskRunner {
  run(task: EngineTask, context: TaskContext): Promise<EngineResult>;
}

export interface TaskContext {
  readonly signal: AbortSignal;
  readonly drain: AbortSignal;
  readonly onEvent: (event: TaskEvent) => void;
}

interface Warm {
  readonly key: string;
  readonly descriptor: ModelDescriptor;
  readonly upscaler: Upscaler;
}

export function openTaskRunner(): TaskRunner {
  let warm: Warm | null = null;

  async function openFor({ kind, network }: EngineTask, context: TaskContext): Promise<Warm> {
    const work = kind === 'video' ? 'frames' : 'stills';
    const key = JSON.stringify([work, network]);
    if (warm?.key === key) return warm;
    await warm?.upscaler.close();
    warm = null;
    const model = await loadForTask(network, context);
    const options = resolveUpscalerOptions(network, model.descriptor, network.device, work);
    warm = { key, descriptor: model.descriptor, upscaler: openUpscaler(model, options) };
    return warm;
  }

  return {
    async run(task, taskContext) {
      // Only videos can be taken up again; the others have nothing to finish first.
      const signal = AbortSignal.any([taskContext.signal, taskContext.drain]);
      const context = task.kind === 'video' ? taskContext : { ...taskContext, signal };
      switch (task.kind) {
        case 'prove': {
          const model = await loadForTask(task.network, context);
          return { kind: 'prove', proof: await proveDevice(model, task.network.device, context.signal) };
        }
        case 'image': {
          const { upscaler } = await openFor(task, context);
          await upscaleImageFile(task.request, { upscaler, model: task.network.model, ...context });
          return { kind: 'image' };
        }
        case 'video': {
          const { upscaler, descriptor } = await openFor(task, { ...context, signal });
          await upscaleVideo(videoRequest(task, descriptor), { upscaler, ...context });
          return { kind: 'video' };
        }
      }
    },
  };
}

function loadForTask({ model }: EngineNetwork, { signal, onEvent }: TaskContext): Promise<Model> {
  return loadModel(model, { signal, onPull: (pull) => onEvent({ type: 'pull', ...pull }) });
}

function videoRequest(
  { network, request }: Extract<EngineTask, { kind: 'video' }>,
  descriptor: ModelDescriptor,
): VideoRequest {
  return {
    input: request.input,
    output: outputPath(request.output, request.target, descriptor.scale),
    model: network.model,
    settings: { ...request.settings, target: videoTarget(request.target) },
    job: jobFacts({ kind: 'video', network, request }, descriptor),
  };
}

function videoTarget(target: Target): VideoTarget {
  switch (target.kind) {
    case 'native':
      return { kind: 'network' };
    case 'scale':
      return target;
    case 'size':
      return { kind: 'fit', ...target.size };
  }
}
