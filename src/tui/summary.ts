import type { Progress, Stage, StageLoad, TaskDone, TaskStarted } from '../core/events.ts';
import { type SafeText, text } from './safe-text.ts';
import { rateAlone, slowestStage } from './state.ts';
import { columnsOf } from './text-columns.ts';
import { bytes, elapsed, percent, plural, shortRate } from './wording.ts';

/** Sentences about a task, for the views and for plain lines alike. */

/** "300 frames in 4 min 12 s, 48.2 MB", and what reuse has saved; a still picture has no frames to tell of. */
export function doneSummary(done: TaskDone, kind: TaskStarted['kind']): SafeText {
  const took = text`${elapsed(done.seconds)}, ${bytes(done.bytes)}`;
  if (kind === 'image' && done.framesTotal === 1) return text`done in ${took}`;
  const whole = text`${plural(done.framesTotal, text`frame`, text`frames`)} in ${took}`;
  const share = done.reusedShare ?? 0;
  // Less would be told as nothing.
  return share < 0.001 ? whole : text`${whole}, ${percent(share)} of the work saved by reuse`;
}

/** "model realesr-general-x4v3"; onnxruntime, which is fetched as models are, is none. */
export function pulledName(name: SafeText): SafeText {
  return name === 'onnxruntime' ? name : text`model ${name}`;
}

/**
 * "decode 1.7/s   upscale 0.60/s slowest   encode 5.5/s": what each stage could do alone, in pieces of which one is the
 * slowest; with how busy it is where there is room, and the slowest alone where there is little.
 */
export function stageRates(
  progress: Pick<Progress, 'stageLoads' | 'framesPerSecond'>,
  columns: number,
): readonly StageRate[] {
  const [long, short] = [ratesOf(progress, true), ratesOf(progress, false)];
  const fits = (rates: readonly StageRate[]) =>
    rates.reduce((sum, { words }) => sum + columnsOf(words) + GAP_COLUMNS, -GAP_COLUMNS) <= columns;
  return [long, short].find(fits) ?? short.filter(({ isSlowest }) => isSlowest);
}

export interface StageRate {
  readonly words: SafeText;
  readonly isSlowest: boolean;
}

/** Between two stages of a row. */
const GAP_COLUMNS = 3;

function ratesOf(
  progress: Pick<Progress, 'stageLoads' | 'framesPerSecond'>,
  withShares: boolean,
): readonly StageRate[] {
  const slowest = slowestStage(progress);
  return (progress.stageLoads ?? []).map((load) => {
    const rate = rateAlone(load, progress.framesPerSecond);
    const isSlowest = load === slowest;
    const words = [
      WORK_NAMES[load.name],
      ...(withShares || rate === null ? [shareOf(load)] : []),
      ...(rate === null ? [] : [shortRate(rate)]),
      ...(isSlowest ? [text`slowest`] : []),
    ];
    return { words: words.reduce((all, word) => text`${all} ${word}`), isSlowest };
  });
}

/** "98 %": whole, because it is never known better. */
export function shareOf({ busy }: StageLoad): SafeText {
  return text`${Math.round(busy * 100)} %`;
}

/** The stages that work at the same time. */
export const WORK_NAMES: Readonly<Record<StageLoad['name'], SafeText>> = {
  decode: text`decode`,
  upscale: text`upscale`,
  encode: text`encode`,
};

export function stageName(stage: Stage): SafeText {
  return STAGE_NAMES[stage];
}

/** Stages that a task goes through, in order; still pictures have nothing to join unless they say so. */
export function stagesOf(kind: TaskStarted['kind'], current: Stage): readonly Stage[] {
  return kind === 'video' || current === 'join' ? ALL_STAGES : ALL_STAGES.filter((stage) => stage !== 'join');
}

const ALL_STAGES: readonly Stage[] = ['prepare', 'upscale', 'join', 'verify', 'publish'];

const STAGE_NAMES: Readonly<Record<Stage, SafeText>> = {
  prepare: text`prepare`,
  upscale: text`upscale`,
  join: text`join`,
  verify: text`verify`,
  publish: text`publish`,
};
