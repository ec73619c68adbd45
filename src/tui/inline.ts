import { barSpans } from './bar.ts';
import { fitLine, type Line, line, span } from './line.ts';
import type { Look } from './look.ts';
import { type SafeText, safeText, text } from './safe-text.ts';
import type { PullNews, ViewState } from './state.ts';
import { pulledName } from './summary.ts';
import { drawTaskPanel } from './task-panel.ts';
import { bytes, plural } from './wording.ts';

export interface InlineOptions {
  readonly look: Look;
  readonly columns: number;
  /** Must be fewer than the terminal has. */
  readonly maxRows: number;
  /** q and Ctrl-C are read. */
  readonly hasKeys: boolean;
}

/** What moves: the running task, or what else is going on, below the settled rows. */
export function drawMoving(state: ViewState, options: InlineOptions): readonly Line[] {
  return rowsOf(state, options).map((row) => fitLine(row, options.columns));
}

function rowsOf(state: ViewState, options: InlineOptions): readonly Line[] {
  const { current, pull, end } = state;
  const help = helpWords(state, options.hasKeys);
  if (current !== null) {
    const { inputsTotal, warnings, settled } = state;
    const ends = { isOver: end !== null, hasRowsAbove: settled.length > 0 };
    return drawTaskPanel(current, { ...options, ...ends, inputsTotal, warnings, help });
  }
  if (pull !== null) return pullRows(pull, options);
  if (end === null) return help === null ? [] : [line(help, 'faint')];
  return summaryRows(state, options.look);
}

function pullRows(pull: PullNews, { columns, look }: InlineOptions): readonly Line[] {
  const { symbols, charset } = look;
  const total = pull.bytesTotal > 0 ? pull.bytesTotal : null;
  const amount = total === null ? bytes(pull.bytesDone) : text`${bytes(pull.bytesDone)} of ${bytes(total)}`;
  const half = Math.max(8, Math.floor((columns - 24) / 2));
  const model = safeText(pull.model, { charset, maxColumns: half });
  const from = safeText(pull.from, { charset, maxColumns: half });
  const bar = barSpans(total === null ? null : pull.bytesDone / total, Math.max(4, columns - 26), look);
  return [
    [span(text`${symbols.running} `, 'active'), span(text`fetching ${pulledName(model)} from ${from}`)],
    [...line(text`  `), ...bar, span(text`  ${amount}`)],
  ];
}

/** One line about all inputs; a single one has said everything in its own row. */
function summaryRows({ inputsDone, inputsFailed, end }: ViewState, { symbols }: Look): readonly Line[] {
  const inputs = inputsDone + inputsFailed;
  if (inputs < 2) return [];
  const isGood = inputsFailed === 0 && end?.code === 0;
  const words = text`${plural(inputs, text`input`, text`inputs`)}: ${inputsDone} done, ${inputsFailed} failed`;
  return [line(text`${isGood ? symbols.done : symbols.stopped} ${words}`, isGood ? 'good' : 'caution')];
}

function helpWords(state: ViewState, hasKeys: boolean): SafeText | null {
  if (state.end !== null) return null;
  if (state.interrupts > 0) return text`Stopping. Press Ctrl-C again to stop at once.`;
  // Before there is work here, it is not known whether there will be: films go to jobs of their own, which q leaves
  // running.
  if (state.current === null) return null;
  return hasKeys ? text`q or Ctrl-C stops` : null;
}
