import { EMPTY_LINE, type Line, line, repeatText, span } from '../line.ts';
import type { Look } from '../look.ts';
import { safeText, text, wrapText } from '../safe-text.ts';
import { columnsOf } from '../text-columns.ts';

/** A line of a history that needs more rows is cut. */
const MAX_ROWS_EACH = 6;
/** More of a history than any screen has rows. */
const MAX_LINES = 200;

/** The end of a job's history, as many of its rows (`logRows`) as there is room for. */
export function drawLog(drawn: readonly Line[] | null, columns: number, rows: number, look: Look): readonly Line[] {
  if (rows < 2) return [];
  const heading: Line = [
    span(text`${look.symbols.rule} `, 'faint'),
    span(text`history `),
    span(repeatText(look.symbols.rule, columns - 12), 'faint'),
  ];
  const shown = (drawn ?? []).slice(-(rows - 1));
  const words =
    drawn === null ? [line(text`  reading`, 'faint')] : shown.length === 0 ? [line(text`  empty`, 'faint')] : [];
  const body = [...words, ...shown];
  return [heading, ...body, ...new Array<Line>(rows - 1 - body.length).fill(EMPTY_LINE)];
}

/** A history in rows, oldest first: what is longer than one goes on in the next. @param lines foreign */
export function logRows(lines: readonly string[], columns: number, { charset }: Look): readonly Line[] {
  return lines.slice(-MAX_LINES).flatMap((raw) => {
    const words = safeText(raw, { charset });
    if (columnsOf(words) <= columns - 3) return [line(text`  ${words}`)];
    const wrapped = wrapText(words, Math.max(8, columns - 7), MAX_ROWS_EACH, charset);
    return wrapped.map((row, index) => line(index === 0 ? text`  ${row}` : text`      ${row}`));
  });
}
