import type { PaintedRow } from './line.ts';
import { asOneUpdate, type Terminal } from './terminal.ts';
import { columnsOf, wrappedRows } from './text-columns.ts';

export interface CanvasOptions {
  /** Terminals that wrap what is on the screen anew when they become narrower; the others cut it. */
  readonly rewraps: boolean;
  readonly onResize?: () => void;
}

/**
 * Rows at the end of what a terminal has written: those that move are painted over those that stood there, those that
 * are settled scroll away above them. Only rows that changed are written, in one write, inside a synchronized update,
 * so that nothing flickers. It knows how many rows its rows fill after the terminal became narrower, so that no remains
 * are left above; and it never clears the screen or the scroll-back.
 */
export class CellCanvas {
  readonly #terminal: Terminal;
  readonly #rewraps: boolean;
  readonly #onResize: () => void;
  /** What moves, as it stands on the terminal; the cursor is in the row below. */
  #shown: readonly PaintedRow[] = [];
  #shownColumns: number;
  #isOpen = true;
  #cursorIsHidden = false;

  constructor(terminal: Terminal, { rewraps, onResize = () => undefined }: CanvasOptions) {
    this.#terminal = terminal;
    this.#rewraps = rewraps;
    this.#onResize = onResize;
    this.#shownColumns = this.columns;
    terminal.on('resize', this.#onResize);
  }

  get columns(): number {
    return this.#terminal.columns || 80;
  }

  get terminalRows(): number {
    return this.#terminal.rows || 24;
  }

  /** Puts rows above those that move for good, and others in the place of those. */
  show(settled: readonly PaintedRow[], moving: readonly PaintedRow[]): void {
    if (!this.#isOpen) return;
    const update = this.#update([...this.#shown, CURSOR_ROW], [...settled, ...moving, CURSOR_ROW]);
    this.#shown = moving;
    this.#shownColumns = this.columns;
    if (update === '') return;
    const hide = this.#cursorIsHidden ? '' : HIDE_CURSOR;
    this.#cursorIsHidden = true;
    this.#terminal.write(asOneUpdate(hide + update));
  }

  /** Leaves the last state on the terminal, and the cursor visible below it. Safe to call twice, and while exiting. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#terminal.off('resize', this.#onResize);
    if (this.#cursorIsHidden) this.#terminal.write(SHOW_CURSOR);
  }

  /** What to write so that the terminal shows what is wanted instead of what is shown; empty if it does already. */
  #update(shown: readonly PaintedRow[], wanted: readonly PaintedRow[]): string {
    let first = 0;
    while (first < shown.length && shown[first]!.styled === wanted[first]?.styled) first += 1;
    if (first === shown.length && first === wanted.length) return '';
    // The cursor's own row is always rewritten: it is where the next text goes.
    first = Math.min(first, shown.length - 1, wanted.length - 1);
    const isNarrower = this.columns < this.#shownColumns;
    const rowsUp = isNarrower ? this.#wrappedRows(shown) : shown.length - 1;
    // Where the terminal has wrapped rows or scrolled them off, no old row is where it was: all that moves is redrawn.
    if (isNarrower || rowsUp >= this.terminalRows) {
      return toFirstColumn(rowsUp) + ERASE_BELOW + wanted.map(({ styled }) => styled).join('\r\n');
    }
    const rows = wanted.slice(first).map(({ styled, plain }, index) => {
      if (styled === shown[first + index]?.styled) return '';
      return columnsOf(plain) < this.columns ? styled + ERASE_REST : ERASE_ROW + styled;
    });
    return (
      toFirstColumn(shown.length - 1 - first) + rows.join('\r\n') + (wanted.length < shown.length ? ERASE_BELOW : '')
    );
  }

  /** Rows from the first one shown down to the cursor, now that the terminal is narrower. */
  #wrappedRows(shown: readonly PaintedRow[]): number {
    if (!this.#rewraps) return shown.length - 1;
    return shown.slice(0, -1).reduce((rows, { plain }) => rows + wrappedRows(plain, this.columns), 0);
  }
}

const CURSOR_ROW: PaintedRow = { styled: '', plain: '' };
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const ERASE_ROW = '\x1b[2K';
const ERASE_REST = '\x1b[K';
const ERASE_BELOW = '\x1b[J';

function toFirstColumn(rowsUp: number): string {
  return rowsUp === 0 ? '\r' : `\r\x1b[${rowsUp}A`;
}
