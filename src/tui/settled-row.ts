import { type Line, line, span } from './line.ts';
import type { Look } from './look.ts';
import { type SafeText, safeText, text, wrapWhole } from './safe-text.ts';
import { MAX_WARNING_ROWS, type SettledRow } from './state.ts';
import { doneSummary, pulledName } from './summary.ts';
import { columnsOf } from './text-columns.ts';
import type { Tone } from './tone.ts';
import { bytes } from './wording.ts';

/** What stays above the running task and in the scroll-back. */
export function drawSettled(row: SettledRow, columns: number, { symbols, charset }: Look): readonly Line[] {
  const room = columns - 2;
  switch (row.type) {
    case 'done': {
      const summary = doneSummary(row.done, row.kind);
      const name = safeText(row.done.output, { charset, maxColumns: Math.max(12, room - columnsOf(summary) - 2) });
      return marked(symbols.done, 'good', text`${name}: ${summary}`, room);
    }
    case 'failed': {
      const { message, hint } = row.error;
      const reasons = [message, hint].flatMap((words) => wrapWhole(safeText(words, { charset }), room));
      return [
        ...marked(symbols.failed, 'bad', safeText(row.input, { charset, maxColumns: room }), room),
        ...reasons.map((words) => line(text`  ${words}`)),
      ];
    }
    case 'warning':
      return marked(symbols.warning, 'caution', safeText(row.message, { charset }), room);
    case 'warnings-hidden': {
      const words = text`More than ${MAX_WARNING_ROWS} different warnings: the others are only counted.`;
      return marked(symbols.warning, 'caution', words, room);
    }
    case 'pulled': {
      const model = safeText(row.model, { charset, maxColumns: Math.max(12, columns - 24) });
      return marked(symbols.done, 'good', text`fetched ${pulledName(model)}, ${bytes(row.bytes)}`, room);
    }
  }
}

function marked(symbol: SafeText, tone: Tone, words: SafeText, columns: number): readonly Line[] {
  return wrapWhole(words, columns).map((row, index) => [
    span(index === 0 ? text`${symbol} ` : text`  `, tone),
    span(row),
  ]);
}
