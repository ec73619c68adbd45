import { availableParallelism } from 'node:os';
import { nearestFolder, requireWritable } from '../../core/files/output-folder.ts';
import { outputPath } from '../../core/files/output-name.ts';
import { type ModelFacts, modelFacts } from '../../core/model/index.ts';
import { planImage } from '../../core/still/plan-image.ts';
import { videoTarget } from '../../engine/index.ts';
import { planFilm } from '../../video/index.ts';
import { checkFile, checkFilm } from '../inputs/check-source.ts';
import type { FileTask } from '../inputs/task-source.ts';
import type { EventRecord } from '../report/events-schema.ts';
import { toJsonLine } from '../report/report-json.ts';
import { type DryPlan, dryText } from './dry-text.ts';

/** Says of each task what it would do, on standard output. Nothing is written, fetched or computed. */
export class DryRun {
  /** Folders that are not there, and would be made. */
  readonly #folders = new Set<string>();
  readonly #json: boolean;

  constructor(json: boolean) {
    this.#json = json;
  }

  /** In place of making a folder for results. @throws UpreelError `output-unwritable` if it could not be made. */
  readonly planFolder = async (path: string): Promise<void> => {
    const there = await nearestFolder(path);
    await requireWritable(there);
    if (there !== path) this.#folders.add(path);
  };

  /** @throws UpreelError as the task itself would before its work begins. */
  readonly tell = async (task: FileTask, signal: AbortSignal): Promise<void> => {
    const plan = await this.#plan(task, signal);
    process.stdout.write(this.#json ? toJsonLine(recordOf(plan)) : `${dryText(plan)}\n`);
  };

  async #plan(task: FileTask, signal: AbortSignal): Promise<DryPlan> {
    const { model, denoise, onnxRange, onnxChannels, device } = task.network;
    const onnx = { ...(onnxRange && { range: onnxRange }), ...(onnxChannels && { channels: onnxChannels }) };
    await (task.kind === 'video' ? checkFilm(task.request.input) : checkFile(task.request.input));
    const facts = await modelFacts(model, { ...(denoise !== null && { denoise }), onnx });
    const network = { input: task.request.input, model, device, scale: facts.scale, bytesToFetch: facts.bytesToFetch };
    if (task.kind === 'image') {
      const { sourcePixels, ...plan } = await planImage(task.request, facts.scale, this.#folders);
      return { kind: 'image', ...network, ...plan, cpuSeconds: secondsFor(task, facts, sourcePixels) };
    }
    const { target, settings } = task.request;
    const request = {
      input: task.request.input,
      output: outputPath(task.request.output, target, facts.scale),
      settings: { ...settings, target: videoTarget(target) },
    };
    const plan = await planFilm(request, facts, this.#folders, signal);
    const pixels = plan.frames * plan.source.width * plan.source.height;
    return { kind: 'video', ...network, ...plan, cpuSeconds: secondsFor(task, facts, pixels) };
  }
}

function recordOf(plan: DryPlan): EventRecord {
  const head = { v: 1 as const, type: 'planned' as const, warnings: [...plan.warnings] };
  return plan.kind === 'image' ? { ...plan, ...head } : { ...plan, ...head, streams: [...plan.streams] };
}

/**
 * Of the network alone, on this machine's CPU. @returns null where the network is not here.
 * @param pixels of the source, all together.
 */
function secondsFor({ network }: FileTask, { descriptor }: ModelFacts, pixels: number): number | null {
  if (descriptor === null) return null;
  const cores = network.threads ?? availableParallelism();
  const copies = network.ensemble ? 8 : 1;
  return (pixels * descriptor.flopsPerPixel * copies) / (cores * CORE_FLOPS);
}

/** 512x512 by realesr-general-x4v3 in 6 s on two cores (docs/performance.md); others are within a factor of two. */
const CORE_FLOPS = 55e9;
