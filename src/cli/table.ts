import { columnsOf } from '../tui/index.ts';

export interface TableLook {
  /** In front of each row. */
  readonly indent?: string;
  /** Columns whose cells stand to the right, from 0. */
  readonly right?: ReadonlySet<number>;
  /** The least width of columns, from the first. */
  readonly least?: readonly number[];
}

/**
 * Rows of cells, each column as wide as its widest cell on a terminal, two blanks between, none at the end. What is
 * added is blanks and line feeds: safe cells make a safe table.
 */
export function alignColumns<Cell extends string>(
  rows: readonly (readonly Cell[])[],
  { indent = '', right = new Set(), least = [] }: TableLook = {},
): Cell {
  const widths = columnWidths(rows).map((width, column) => Math.max(width, least[column] ?? 0));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column]!, right.has(column)))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => indent + line).join('\n') as Cell;
}

/** Of the widest cell of each column, in columns of a terminal. */
export function columnWidths(rows: readonly (readonly string[])[]): readonly number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => columnsOf(row[column] ?? ''))),
  );
}

function padded(cell: string, width: number, toTheRight: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - columnsOf(cell)));
  return toTheRight ? blanks + cell : cell + blanks;
}
