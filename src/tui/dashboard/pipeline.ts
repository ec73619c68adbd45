import type { Progress } from '../../core/events.ts';
import { drawBar } from '../bar.tsx';
import type { Look } from '../look.ts';
import { type SafeText, safeText, text } from '../safe-text.ts';
import { bottleneck } from '../summary.ts';
import { frameRate } from '../wording.ts';
import type { History } from './history.ts';
import { column, EMPTY_LINE, type Line, span } from './line.ts';

/** A stage of the work on frames: how much of the time it works, and how fast it would be if it never waited. */
export interface StageLoad {
  readonly name: SafeText;
  /** 0 to 1. */
  readonly busy: number;
  readonly framesPerSecond: number;
  readonly possiblePerSecond: number;
}

/** Busy for less than this, and how fast it could be is a guess. */
const SURE_SHARE = 0.02;

/** Decoding, upscaling and encoding, from what waits at the two queues between them; null: not told. */
export function stageLoads(progress: Progress, waits: History['waits']): readonly StageLoad[] | null {
  const rate = progress.framesPerSecond;
  const decoded = waits.decoded;
  const upscaled = waits.upscaled;
  if (rate === null || decoded === undefined || upscaled === undefined) return null;
  const stage = (name: SafeText, waiting: number): StageLoad => {
    const busy = Math.min(1, Math.max(0, 1 - waiting));
    return { name, busy, framesPerSecond: rate, possiblePerSecond: rate / Math.max(SURE_SHARE, busy) };
  };
  return [
    stage(text`decode`, decoded.producer),
    stage(text`upscale`, decoded.consumer + upscaled.producer),
    stage(text`encode`, upscaled.consumer),
  ];
}

/** Three rows, a stage each with the queue behind it. */
export function drawStages(
  stages: readonly StageLoad[],
  queues: Progress['queues'],
  columns: number,
  look: Look,
): readonly Line[] {
  const busiest = stages.reduce((most, stage) => (stage.busy > most.busy ? stage : most));
  const barColumns = columns >= 100 ? 20 : columns >= 72 ? 12 : 6;
  return stages.map((stage, index) => {
    const isSlowest = stage === busiest;
    const { full, rest } = drawBar(stage.busy, barColumns, look.symbols.barSteps);
    const queue = queues[index];
    return [
      span(column(stage.name, 9), 'faint'),
      span(full, isSlowest ? 'caution' : 'active'),
      span(rest, 'faint'),
      span(column(text`${Math.round(stage.busy * 100)} % busy`, 11, 'right')),
      span(text`  `),
      span(column(isSlowest ? text`slowest` : couldBe(stage), 20), isSlowest ? 'caution' : 'faint'),
      ...(queue === undefined || columns < 64 ? EMPTY_LINE : queueSpans(queue, look, columns)),
    ];
  });
}

/** One row: the queues, and who keeps the others waiting. */
export function drawQueues(queues: Progress['queues'], look: Look): Line {
  const slowest = bottleneck(queues, look.charset);
  return [
    ...queues.slice(0, 3).flatMap((queue) => [...queueSpans(queue, look, 80), span(text`   `)]),
    ...(slowest === null ? [] : [span(slowest, 'caution')]),
  ];
}

function queueSpans(queue: Progress['queues'][number], look: Look, columns: number): Line {
  const cells = columns >= 100 ? 8 : 4;
  const fill = queue.capacity > 0 ? queue.length / queue.capacity : 0;
  const { full, rest } = drawBar(fill, cells, look.symbols.barSteps);
  return [
    span(text`${safeText(queue.name, { charset: look.charset, maxColumns: 10 })} `, 'faint'),
    span(full, 'active'),
    span(rest, 'faint'),
    span(text` ${queue.length}/${queue.capacity}`),
  ];
}

function couldBe({ busy, possiblePerSecond }: StageLoad): SafeText {
  if (busy > 0.9) return text``;
  return busy < SURE_SHARE ? text`mostly waits` : text`could ${frameRate(possiblePerSecond)}`;
}
