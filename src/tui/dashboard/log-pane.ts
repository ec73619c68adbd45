import type { Look } from '../look.ts';
import { safeText, text } from '../safe-text.ts';
import { EMPTY_LINE, type Line, line, repeatText, span } from './line.ts';

/** The end of a job's history; `lines` are foreign. */
export function drawLog(lines: readonly string[] | null, columns: number, rows: number, look: Look): readonly Line[] {
  if (rows < 2) return [];
  const heading: Line = [
    span(text`${look.symbols.rule} `, 'faint'),
    span(text`history `),
    span(repeatText(look.symbols.rule, columns - 12), 'faint'),
  ];
  const shown = (lines ?? []).slice(-(rows - 1));
  const words =
    lines === null ? [line(text`  reading`, 'faint')] : shown.length === 0 ? [line(text`  empty`, 'faint')] : [];
  const drawn = shown.map((raw) => line(text`  ${safeText(raw, { charset: look.charset, maxColumns: columns - 3 })}`));
  const body = [...words, ...drawn];
  return [heading, ...body, ...new Array<Line>(rows - 1 - body.length).fill(EMPTY_LINE)];
}
