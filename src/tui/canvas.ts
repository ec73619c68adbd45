import { EventEmitter } from 'node:events';
import { columnsOf, wrappedRows } from './text-columns.ts';

export interface CanvasOptions {
  /** Terminals that wrap what is on the screen anew when they become narrower; the others cut it. */
  readonly rewraps: boolean;
}

/** The real terminal below a canvas: process.stdout has this shape. */
export interface Terminal {
  readonly columns?: number;
  readonly rows?: number;
  write(data: string, done?: () => void): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/**
 * What Ink takes for its terminal. Ink erases and writes whole frames; the canvas keeps what it wants on the screen as
 * lines, and once per turn brings the terminal there with one write: only lines that changed, inside a synchronized
 * update, so that nothing flickers. It also knows how many rows its lines fill after the terminal became narrower,
 * which Ink does not, so that no remains are left above; and it never lets Ink clear the screen and the scroll-back.
 */
export class CellCanvas extends EventEmitter {
  /** Makes Ink leave cursor and synchronized updates to the canvas. */
  readonly isTTY = false;
  readonly #terminal: Terminal;
  readonly #rewraps: boolean;
  /** Lines on the terminal, and lines wanted there; the cursor is at the end of the last one of each. */
  #shown: string[] = [''];
  #wanted: string[] = [''];
  #shownColumns: number;
  /** The first line that Ink has erased since the last flush: what stands above is settled. */
  #firstErased = Number.POSITIVE_INFINITY;
  #flushIsDue = false;
  #isOpen = true;
  #cursorIsHidden = false;

  constructor(terminal: Terminal, options: CanvasOptions) {
    super();
    this.#terminal = terminal;
    this.#rewraps = options.rewraps;
    this.#shownColumns = this.columns;
    terminal.on('resize', this.#onResize);
  }

  get columns(): number {
    return this.#terminal.columns || 80;
  }

  /** The terminal's rows; Ink does not see them (it would clear the scroll-back of a view as high as the screen). */
  get terminalRows(): number {
    return this.#terminal.rows || 24;
  }

  /** Takes what Ink writes: erased lines, text, line feeds, SGR. */
  write(data: string, done?: () => void): boolean {
    for (const [, erased, plain] of data.matchAll(ERASE_OR_TEXT)) {
      if (erased !== undefined) this.#erase(erased.split(ERASE_LINE).length - 1);
      else if (plain !== undefined) this.#append(plain.replace(NOT_STYLE, ''));
    }
    if (!this.#flushIsDue) {
      this.#flushIsDue = true;
      queueMicrotask(() => this.flush());
    }
    done?.();
    return true;
  }

  /** Brings the terminal to what is wanted, now. */
  flush(): void {
    this.#flushIsDue = false;
    if (!this.#isOpen) return;
    const update = this.#update();
    if (update === '') return;
    const hide = this.#cursorIsHidden ? '' : HIDE_CURSOR;
    this.#cursorIsHidden = true;
    this.#terminal.write(`${BEGIN_UPDATE}${hide}${update}${END_UPDATE}`);
  }

  /** Leaves the last state on the terminal, and the cursor visible below it. Safe to call twice, and while exiting. */
  close(): void {
    if (!this.#isOpen) return;
    this.flush();
    this.#isOpen = false;
    this.#terminal.off('resize', this.#onResize);
    if (this.#cursorIsHidden) this.#terminal.write(SHOW_CURSOR);
  }

  readonly #onResize = (): void => {
    this.emit('resize');
  };

  #erase(lines: number): void {
    this.#wanted.length = Math.max(0, this.#wanted.length - lines);
    this.#firstErased = Math.min(this.#firstErased, this.#wanted.length);
    this.#wanted.push('');
  }

  #append(data: string): void {
    const [first = '', ...others] = data.split('\n');
    this.#wanted[this.#wanted.length - 1] += first;
    for (const line of others) this.#wanted.push(line);
  }

  /** What to write so that the terminal shows what is wanted instead of what is shown; empty if it does already. */
  #update(): string {
    const shown = this.#shown;
    const wanted = this.#wanted;
    const isNarrower = this.columns < this.#shownColumns;
    let first = 0;
    while (first < shown.length && first < wanted.length && shown[first] === wanted[first]) first += 1;
    const firstErased = Math.min(first, this.#firstErased);
    this.#firstErased = Number.POSITIVE_INFINITY;
    this.#shownColumns = this.columns;
    this.#shown = wanted.slice(-KEPT_LINES);
    this.#wanted = wanted.slice(-KEPT_LINES);
    if (first === shown.length && first === wanted.length) return '';
    // The cursor's own line is always rewritten: it is where the next text goes.
    first = Math.min(first, shown.length - 1, wanted.length - 1);
    const rowsUp = isNarrower ? this.#wrappedRowsBelow(shown, firstErased) : shown.length - 1 - firstErased;
    // Where the terminal has wrapped lines or scrolled them off, no old line is where it was: all that moves is redrawn.
    if (isNarrower || rowsUp >= this.terminalRows) {
      return toFirstColumn(rowsUp) + ERASE_BELOW + wanted.slice(firstErased).join('\r\n');
    }
    const lines = wanted.slice(first).map((line, index) => {
      if (line === shown[first + index]) return '';
      return columnsOf(line.replace(STYLE, '')) < this.columns ? line + ERASE_REST : ERASE_LINE + line;
    });
    return (
      toFirstColumn(shown.length - 1 - first) + lines.join('\r\n') + (wanted.length < shown.length ? ERASE_BELOW : '')
    );
  }

  /** Rows from the first row of line `first` down to the cursor, now that the terminal is narrower. */
  #wrappedRowsBelow(shown: readonly string[], first: number): number {
    if (!this.#rewraps) return shown.length - 1 - first;
    const lines = shown.slice(first, -1).map((line) => line.replace(STYLE, ''));
    return lines.reduce((rows, line) => rows + wrappedRows(line, this.columns), 0);
  }
}

const KEPT_LINES = 200;
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const BEGIN_UPDATE = '\x1b[?2026h';
const END_UPDATE = '\x1b[?2026l';
const ERASE_LINE = '\x1b[2K';
const ERASE_REST = '\x1b[K';
const ERASE_BELOW = '\x1b[J';

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: this file is about control sequences.
/** Ink erases by "clear line, up, clear line, ..., first column"; anything else is text. */
const ERASE_OR_TEXT = /((?:\x1b\[2K(?:\x1b\[1A)?)+(?:\x1b\[G)?)|((?:(?!\x1b\[2K)[\s\S])+)/g;
const STYLE = /\x1b\[[\d;]*m/g;
const NOT_STYLE = /\x1b\[[\d;?]*[A-Za-ln-z]/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: end.

function toFirstColumn(rowsUp: number): string {
  return rowsUp === 0 ? '\r' : `\r\x1b[${rowsUp}A`;
}
