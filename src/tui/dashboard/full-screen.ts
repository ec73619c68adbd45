import type { PaintedRow } from '../line.ts';
import { asOneUpdate, type Terminal } from '../terminal.ts';
import { columnsOf } from '../text-columns.ts';

/** What is drawn over the rows below it: cells as text, or a picture that the terminal draws itself. */
export interface Overlay {
  /** Changes whenever anything of it does. */
  readonly key: string;
  readonly row: number;
  readonly column: number;
  /** Text of each row (with its own styles), or one sequence for all of it. */
  readonly content:
    | { readonly kind: 'cells'; readonly rows: readonly string[] }
    | { readonly kind: 'graphics'; readonly sequence: string; readonly remove: string };
}

/**
 * The alternate screen, where each row has a place of its own. Only rows that changed are written, in one write, inside
 * a synchronized update, so that nothing flickers (bench/view-cpu.mjs measures).
 */
export class FullScreen {
  readonly #terminal: Terminal;
  readonly #onResize: () => void;
  /** As they were written. */
  #shown: readonly string[] = [];
  #wanted: readonly PaintedRow[] = [];
  #shownOverlay: Overlay | null = null;
  #overlay: Overlay | null = null;
  #state: 'closed' | 'open' | 'left' = 'closed';

  constructor(terminal: Terminal, onResize: () => void) {
    this.#terminal = terminal;
    this.#onResize = () => {
      // Nothing is cleared: what is wanted is written over what the terminal made of the old rows.
      terminal.write(removalOf(this.#shownOverlay));
      this.#forget();
      onResize();
    };
  }

  get columns(): number {
    return this.#terminal.columns || 80;
  }

  get terminalRows(): number {
    return this.#terminal.rows || 24;
  }

  /** Goes to the alternate screen. */
  open(): void {
    this.#state = 'open';
    this.#terminal.on('resize', this.#onResize);
    this.#terminal.write(ENTER);
  }

  /** Back to what was on the terminal before. Safe to call twice, and while the process ends. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'left';
    this.#terminal.off('resize', this.#onResize);
    this.#terminal.write(`${removalOf(this.#shownOverlay)}${LEAVE}`);
  }

  /** Shows these rows, none wider than the terminal, and what is drawn over them. */
  show(rows: readonly PaintedRow[], overlay: Overlay | null): void {
    this.#wanted = rows;
    this.#overlay = overlay;
    this.#flush();
  }

  /** Draws everything anew, whatever the terminal shows. */
  redraw(): void {
    this.#terminal.write(`${removalOf(this.#shownOverlay)}${CLEAR}`);
    this.#forget();
    this.#flush();
  }

  #forget(): void {
    this.#shown = new Array<string>(this.terminalRows).fill(UNKNOWN);
    this.#shownOverlay = null;
  }

  #flush(): void {
    if (this.#state !== 'open') return;
    const before = this.#shownOverlay;
    const overlay = this.#overlay;
    const isNew = overlay?.key !== before?.key;
    // Cells over cells in the same place need no clearing, which would flicker.
    const covering = overlay !== null && (!isNew || samePlace(before, overlay)) ? overlay : null;
    let update = '';
    if (isNew && covering === null) {
      const top = Math.min(before?.row ?? Number.POSITIVE_INFINITY, overlay?.row ?? Number.POSITIVE_INFINITY);
      this.#shown = this.#shown.map((line, row) => (row >= top ? UNKNOWN : line));
      update += removalOf(before);
    }
    update += this.#rows(covering);
    if (isNew && overlay !== null) update += drawOverlay(overlay);
    this.#shownOverlay = overlay;
    if (update !== '') this.#terminal.write(asOneUpdate(update));
  }

  #rows(covering: Overlay | null): string {
    const shown = this.#shown;
    const wanted = this.#wanted.slice(0, this.terminalRows);
    let update = '';
    for (let row = 0; row < Math.max(wanted.length, shown.length); row++) {
      const line = wanted[row] ?? BLANK_ROW;
      if (shown[row] === line.styled) continue;
      update +=
        covering === null || row < covering.row ? this.#wholeRow(row, line) : rowBeside(covering, row, line.styled);
    }
    this.#shown = wanted.map(({ styled }) => styled);
    return update;
  }

  /** In the last column the cursor stands on what was written, which erasing the rest would take. */
  #wholeRow(row: number, { styled, plain }: PaintedRow): string {
    const isFull = columnsOf(plain) >= this.columns;
    return `${place(row, 0)}${styled}\x1b[0m${isFull ? '' : '\x1b[K'}`;
  }
}

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const CLEAR = '\x1b[0m\x1b[2J';

function place(row: number, column: number): string {
  return `\x1b[${row + 1};${column + 1}H`;
}

function removalOf(overlay: Overlay | null): string {
  return overlay?.content.kind === 'graphics' ? overlay.content.remove : '';
}

function drawOverlay({ row, column, content }: Overlay): string {
  if (content.kind === 'graphics') return place(row, column) + content.sequence;
  return content.rows.map((cells, index) => `${place(row + index, column)}${cells}\x1b[0m`).join('');
}

function samePlace(before: Overlay | null, now: Overlay): boolean {
  if (before?.content.kind !== 'cells' || now.content.kind !== 'cells') return false;
  return (
    before.row === now.row && before.column === now.column && before.content.rows.length === now.content.rows.length
  );
}

/** What stands to the left of the overlay, which stays. */
function rowBeside({ column }: Overlay, row: number, line: string): string {
  return column === 0 ? '' : `${place(row, 0)}\x1b[${column}X${line}\x1b[0m`;
}

const BLANK_ROW: PaintedRow = { styled: '', plain: '' };

/** No line is this. */
const UNKNOWN = '\0';
