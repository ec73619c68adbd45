import type { Progress, QueueFill, StageLoad } from '../../core/events.ts';
import { barSpans } from '../bar.ts';
import { column, EMPTY_LINE, type Line, span } from '../line.ts';
import type { Look } from '../look.ts';
import { type SafeText, safeText, text } from '../safe-text.ts';
import { rateAlone, slowestStage } from '../state.ts';
import { shareOf, WORK_NAMES } from '../summary.ts';
import { frameRate } from '../wording.ts';

/** Three rows, a stage each: how busy it is, how fast it would be alone, and the frames at its place. */
export function drawStages(progress: Progress, columns: number, look: Look): readonly Line[] {
  const slowest = slowestStage(progress);
  const barColumns = columns >= 100 ? 20 : columns >= 72 ? 12 : 6;
  return (progress.stageLoads ?? []).map((load, index) => {
    const isSlowest = load === slowest;
    const queue = progress.queues[index];
    return [
      span(column(WORK_NAMES[load.name], 9), 'faint'),
      ...barSpans(load.busy, barColumns, look, isSlowest ? 'caution' : 'active'),
      span(column(text`${shareOf(load)} busy`, 11, 'right')),
      span(text`  `),
      span(column(speedOf(load, progress, isSlowest), SPEED_COLUMNS), isSlowest ? 'caution' : 'faint'),
      ...(queue === undefined || columns < QUEUE_MIN_COLUMNS ? EMPTY_LINE : queueSpans(queue, look, columns)),
    ];
  });
}

/** "slowest 12.3 frames/s", and a blank. */
const SPEED_COLUMNS = 24;
const QUEUE_MIN_COLUMNS = 72;

function queueSpans(queue: QueueFill, look: Look, columns: number): Line {
  const cells = columns >= 100 ? 8 : 4;
  const fill = queue.capacity > 0 ? queue.length / queue.capacity : 0;
  return [
    span(column(safeText(queue.name, { charset: look.charset, maxColumns: 8 }), 9), 'faint'),
    ...barSpans(fill, cells, look),
    span(text` ${queue.length}/${queue.capacity}`),
  ];
}

function speedOf(load: StageLoad, { framesPerSecond }: Progress, isSlowest: boolean): SafeText {
  const rate = rateAlone(load, framesPerSecond);
  if (rate === null) return isSlowest ? text`slowest` : framesPerSecond === null ? text`` : text`mostly waits`;
  return isSlowest ? text`slowest ${frameRate(rate)}` : text`could ${frameRate(rate)}`;
}
