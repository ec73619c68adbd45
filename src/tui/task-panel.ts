import { taskFacts } from './facts.ts';
import { EMPTY_LINE, type Line, line, span } from './line.ts';
import type { Look } from './look.ts';
import { MARGIN, stackSections } from './panel.ts';
import { barRow, factRows, modelRow, outputRow, rateRows, sizesOf, stageRow } from './rows.ts';
import { type SafeText, safeText, text } from './safe-text.ts';
import { type CurrentTask, fractionDone } from './state.ts';
import { columnsOf } from './text-columns.ts';

export interface TaskPanelOptions {
  readonly inputsTotal: number | null;
  readonly warnings: number;
  readonly hasRowsAbove: boolean;
  /** The run has ended with this task unfinished. */
  readonly isOver: boolean;
  readonly columns: number;
  readonly maxRows: number;
  readonly look: Look;
  /** What the keys do; null without keys. */
  readonly help: SafeText | null;
}

/** The running task, as much of it as the terminal has rows for. */
export function drawTaskPanel(task: CurrentTask, options: TaskPanelOptions): readonly Line[] {
  const { columns, look, help, isOver } = options;
  const { started, progress } = task;
  const inner = columns - MARGIN;
  return stackSections(
    {
      space: options.hasRowsAbove ? [EMPTY_LINE] : [],
      heading: [heading(task, options)],
      model: [modelRow(started.model, started.device, text`, ${sizesOf(started, look)}`, inner, look)],
      output: [outputRow(started.output, inner, look)],
      stages: [stageRow(started.kind, progress?.stage ?? 'prepare', look)],
      bar: [barRow(fractionDone(task), inner, look)],
      facts: factRows(taskFacts(task, options.warnings, isOver), LABEL_COLUMNS, inner),
      rates: isOver || progress === null ? [] : rateRows(progress, inner),
      help: help === null ? [] : [line(help, 'faint')],
    },
    options.maxRows,
  );
}

/** "time left" and blanks. */
const LABEL_COLUMNS = 11;

function heading(task: CurrentTask, { inputsTotal, isOver, columns, look }: TaskPanelOptions): Line {
  const { symbols, charset } = look;
  const place = inputsTotal !== null && inputsTotal > 1 ? text`${task.number} of ${inputsTotal}  ` : text``;
  // The name comes last: nothing is thrown out of line if the terminal draws it wider or narrower than reckoned.
  const name = safeText(task.started.input, { charset, maxColumns: Math.max(1, columns - 2 - columnsOf(place)) });
  const mark = text`${isOver ? symbols.stopped : symbols.running} `;
  return [span(mark, isOver ? 'caution' : 'active'), span(place, 'faint'), span(name, 'name')];
}
