import { outputPath } from '../core/files/output-name.ts';
import { loadModel, readCatalogue } from '../core/model/index.ts';
import type { EngineNetwork } from '../engine/index.ts';
import type { JobQueueing, JobSpec, VideoFileTask } from './job-spec.ts';

/**
 * A video's job under the name of its output, which may depend on the network's scale.
 * @returns null where the network cannot be loaded: running the task says why.
 */
export async function nameJob(task: VideoFileTask, queueing: JobQueueing): Promise<JobSpec | null> {
  const output = await nameOutput(task).catch(() => null);
  if (output === null) return null;
  const named = { ...task, request: { ...task.request, output: { kind: 'file' as const, path: output } } };
  return { task: named, output, cwd: process.cwd(), queueing };
}

async function nameOutput({ network, request }: VideoFileTask): Promise<string> {
  const { output, target } = request;
  const needsScale = output.kind === 'derived' && target.kind === 'native';
  return outputPath(output, target, needsScale ? await scaleOf(network) : 1);
}

async function scaleOf({ model, onnxRange, onnxChannels }: EngineNetwork): Promise<number> {
  const known = readCatalogue().models.find(({ id }) => id === model);
  if (known !== undefined) return known.scale;
  const onnx = { ...(onnxRange && { range: onnxRange }), ...(onnxChannels && { channels: onnxChannels }) };
  return (await loadModel(model, { onnx })).descriptor.scale;
}
