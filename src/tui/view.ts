import type { ErrorRecord } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { CellCanvas } from './canvas.ts';
import { drawMoving } from './inline.ts';
import { type Key, openKeyboard } from './keyboard.tsx';
import { type Line, type PaintedRow, paintLine } from './line.ts';
import type { Look } from './look.ts';
import { drawSettled } from './settled-row.ts';
import { initialState, reduce, type ViewAction } from './state.ts';
import { allWritten, outliveTerminal } from './terminal.ts';

export interface ViewOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  readonly look: Look;
  readonly inputsTotal: number | null;
  /**
   * Called for q and Ctrl-C while the view reads keys (the terminal then sends no SIGINT). Without it, or without a
   * terminal on stdin, the view leaves the keyboard alone and Ctrl-C stays a signal.
   */
  readonly onInterrupt: (() => void) | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface View {
  event(event: TaskEvent): void;
  /** Shows how it ended; nothing moves after that. */
  exit(code: number, error: ErrorRecord | null): void;
  /** Leaves the last state on the terminal and gives the cursor and the keyboard back. */
  close(): Promise<void>;
}

/**
 * Draws a running task on a terminal until closed. A terminal that goes away is not an error: nothing is drawn then.
 */
export function openView(options: ViewOptions): View {
  const { stdout, stdin, look, onInterrupt } = options;
  outliveTerminal(stdout);
  const hasKeys = stdin.isTTY && onInterrupt !== null;
  const canvas = new CellCanvas(stdout, { rewraps: rewrapsLines(options.env), onResize: draw });
  let state = initialState(options.inputsTotal);
  let settledShown = 0;
  let drawing: NodeJS.Timeout | null = null;
  let isClosed = false;

  const keyboard = openKeyboard({ stdin, stdout }, { onKey: hasKeys ? press : null, onGone: () => canvas.close() });
  return {
    event: (event) => dispatch({ type: 'event', event, atMs: Date.now() }),
    exit: (code, error) => dispatch({ type: 'exit', code, error }),
    async close() {
      draw();
      isClosed = true;
      keyboard.close();
      canvas.close();
      await allWritten(stdout);
    },
  };

  function press({ input, ctrl }: Key): void {
    if (input !== 'q' && input !== 'Q' && !(ctrl && input === 'c')) return;
    dispatch({ type: 'interrupt' });
    draw();
    onInterrupt?.();
  }

  function dispatch(action: ViewAction): void {
    state = reduce(state, action);
    if (!isClosed) drawing ??= setTimeout(draw, NEWS_INTERVAL_MS);
  }

  function draw(): void {
    if (drawing !== null) clearTimeout(drawing);
    drawing = null;
    // The last column stays free: a row that fills it leaves the cursor in a state that terminals disagree on.
    const columns = Math.max(20, canvas.columns - 1);
    const maxRows = Math.max(2, canvas.terminalRows - 2);
    const settled = state.settled.slice(settledShown).flatMap((row) => drawSettled(row, columns, look));
    settledShown = state.settled.length;
    canvas.show(paint(settled), paint(drawMoving(state, { look, columns, maxRows, hasKeys })));
  }

  function paint(lines: readonly Line[]): readonly PaintedRow[] {
    return lines.map((row) => paintLine(row, look.colour));
  }
}

/**
 * News can wait a little, so that a batch of small pictures does not flicker; keys and resizes are answered at once.
 */
const NEWS_INTERVAL_MS = 200;

/** xterm, GNU screen and the Linux console cut lines when they become narrower; the others wrap them anew. */
function rewrapsLines(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.TMUX) return true;
  return env.XTERM_VERSION === undefined && !/^(?:screen|linux)/.test(env.TERM ?? '');
}
