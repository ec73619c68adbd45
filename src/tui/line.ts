import { cutText, joinText, type SafeText, text } from './safe-text.ts';
import { columnsOf } from './text-columns.ts';
import { styleText, type Tone } from './tone.ts';

/** A piece of a row, and what it means. */
export interface Span {
  readonly text: SafeText;
  readonly tone: Tone;
}

/** A row of the screen from left to right. */
export type Line = readonly Span[];

/** A row as a terminal gets it, and its text alone, which tells how wide it is. */
export interface PaintedRow {
  readonly styled: string;
  readonly plain: string;
}

export function paintLine(row: Line, hasColour: boolean): PaintedRow {
  const styled = row.map((part) => styleText(part.text, part.tone, hasColour)).join('');
  return { styled: styled.trimEnd(), plain: joinText(row.map((part) => part.text)).trimEnd() };
}

export function span(words: SafeText, tone: Tone = 'plain'): Span {
  return { text: words, tone };
}

export function line(words: SafeText, tone: Tone = 'plain'): Line {
  return [{ text: words, tone }];
}

export const EMPTY_LINE: Line = [];

export function lineColumns(row: Line): number {
  return row.reduce((columns, part) => columns + columnsOf(part.text), 0);
}

/** Blanks at its end, so that it is exactly as wide; what is too wide is cut. */
export function padLine(row: Line, columns: number): Line {
  const wide = lineColumns(row);
  if (wide > columns) return padLine(cutLine(row, columns), columns);
  return wide === columns ? row : [...row, span(blanks(columns - wide))];
}

/** Left part, blanks, right part: exactly as wide. The left one gives way. */
export function spread(left: Line, right: Line, columns: number): Line {
  const room = Math.max(0, columns - lineColumns(right));
  return [...padLine(left, room), ...right];
}

/** Two blocks side by side, each row of the left one `leftColumns` wide. */
export function beside(left: readonly Line[], right: readonly Line[], leftColumns: number, gap: Span): readonly Line[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row) => [
    ...padLine(left[row] ?? EMPTY_LINE, leftColumns),
    gap,
    ...(right[row] ?? EMPTY_LINE),
  ]);
}

export function indent(row: Line, columns: number): Line {
  return [span(blanks(columns)), ...row];
}

export function blanks(columns: number): SafeText {
  return repeatText(text` `, columns);
}

export function repeatText(cell: SafeText, times: number): SafeText {
  return joinText(new Array<SafeText>(Math.max(0, times)).fill(cell));
}

/** Words to the left or right in so many columns. */
export function column(words: SafeText, columns: number, side: 'left' | 'right' = 'left'): SafeText {
  const space = blanks(columns - columnsOf(words));
  return side === 'left' ? text`${words}${space}` : text`${space}${words}`;
}

/** No wider than that. */
export function fitLine(row: Line, columns: number): Line {
  return lineColumns(row) > columns ? cutLine(row, columns) : row;
}

function cutLine(row: Line, columns: number): Line {
  const kept: Span[] = [];
  let room = columns;
  for (const part of row) {
    const wide = columnsOf(part.text);
    if (wide <= room) {
      kept.push(part);
      room -= wide;
      continue;
    }
    if (room > 0) kept.push({ ...part, text: cutText(part.text, room) });
    break;
  }
  return kept;
}
