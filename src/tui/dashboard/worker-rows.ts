import type { JobWorker } from '../../job/index.ts';
import { column, type Line, span } from '../line.ts';
import type { Look } from '../look.ts';
import { safeText, text } from '../safe-text.ts';
import { frameRate } from '../wording.ts';

/** "workers" and blanks, as wide as all labels. */
const LABEL_COLUMNS = 9;
const NAME_COLUMNS = 18;
const DEVICE_COLUMNS = 9;
const RATE_COLUMNS = 16;

/** Who works on a film of a fleet: a row each, as many as fit; the others are counted with their speed. */
export function workerRows(workers: readonly JobWorker[], mostRows: number, look: Look): readonly Line[] {
  if (workers.length === 0) return [];
  const shown = workers.length <= mostRows ? workers : workers.slice(0, Math.max(0, mostRows - 1));
  const rows = shown.map((worker, index) => [label(index), ...workerSpans(worker, look)]);
  const others = workers.slice(shown.length);
  if (others.length === 0) return rows;
  const rate = others.reduce((sum, { framesPerSecond }) => sum + (framesPerSecond ?? 0), 0);
  const count = shown.length === 0 ? text`${others.length}` : text`${others.length} more`;
  return [...rows, [label(shown.length), span(text`${count}, ${frameRate(rate)}`)]];
}

function label(index: number): Line[number] {
  return span(column(index === 0 ? text`workers` : text``, LABEL_COLUMNS), 'faint');
}

function workerSpans({ name, device, segment, framesPerSecond, trouble }: JobWorker, { charset }: Look): Line {
  const rate = framesPerSecond === null ? text`` : frameRate(framesPerSecond);
  const work = segment === null ? text`joins the film` : text`segment ${segment + 1}`;
  return [
    span(column(safeText(name, { charset, maxColumns: NAME_COLUMNS - 2 }), NAME_COLUMNS), 'name'),
    span(column(safeText(device, { charset, maxColumns: DEVICE_COLUMNS - 1 }), DEVICE_COLUMNS)),
    span(column(rate, RATE_COLUMNS)),
    span(work, 'faint'),
    ...(trouble === null ? [] : [span(text`  ${safeText(trouble, { charset, maxColumns: 40 })}`, 'caution')]),
  ];
}
