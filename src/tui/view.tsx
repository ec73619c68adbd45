import { render } from 'ink';
import type { ErrorRecord } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { App } from './app.tsx';
import { CellCanvas } from './canvas.ts';
import type { Look } from './look.ts';
import { initialState, reduce, type ViewAction } from './state.ts';

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

/** Draws a running task on a terminal until closed. A terminal that goes away is not an error: nothing is drawn then. */
export function openView(options: ViewOptions): View {
  const { stdout, stdin, look } = options;
  stdout.on('error', ignoreLostTerminal);
  const canvas = new CellCanvas(stdout, { rewraps: rewrapsLines(options.env) });
  let state = initialState(options.inputsTotal);
  let drawing: NodeJS.Timeout | null = null;
  let isClosed = false;

  const onInterrupt =
    stdin.isTTY && options.onInterrupt !== null
      ? () => {
          dispatch({ type: 'interrupt' });
          flush();
          options.onInterrupt?.();
        }
      : null;
  const onGone = () => canvas.close();
  const draw = () => (
    <App
      state={state}
      look={look}
      // The last column stays free: a line that fills the row leaves the cursor in a state that terminals disagree on.
      columns={Math.max(20, canvas.columns - 1)}
      maxRows={Math.max(2, canvas.terminalRows - 2)}
      onInterrupt={onInterrupt}
      onGone={onGone}
    />
  );
  // Before Ink's own listener, so that Ink draws the new size at once.
  canvas.on('resize', () => ink.rerender(draw()));
  const ink = render(draw(), {
    stdout: canvas as unknown as NodeJS.WriteStream,
    stdin,
    exitOnCtrlC: false,
    isScreenReaderEnabled: false,
    maxFps: MAX_DRAWS_PER_SECOND,
  });

  return {
    event: (event) => dispatch({ type: 'event', event, atMs: Date.now() }),
    exit: (code, error) => dispatch({ type: 'exit', code, error }),
    close,
  };

  function dispatch(action: ViewAction): void {
    state = reduce(state, action);
    if (isClosed) return;
    // Settled rows make Ink draw at once: this timer, not Ink's, is what keeps a batch of small pictures from flickering.
    drawing ??= setTimeout(flush, NEWS_INTERVAL_MS);
  }

  function flush(): void {
    if (drawing !== null) clearTimeout(drawing);
    drawing = null;
    ink.rerender(draw());
  }

  async function close(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    flush();
    ink.unmount();
    canvas.close();
    await new Promise<void>((resolve) => {
      if (stdout.destroyed) resolve();
      else stdout.write('', () => resolve());
    });
  }
}

/** For what needs an answer at once, such as keys. */
const MAX_DRAWS_PER_SECOND = 10;
/** News can wait a little: drawing costs up to 8 ms of a core. */
const NEWS_INTERVAL_MS = 200;

function ignoreLostTerminal(): void {
  // A hung-up terminal (EIO, EPIPE) must not end the work that it was watching.
}

/** xterm, GNU screen and the Linux console cut lines when they become narrower; the others wrap them anew. */
function rewrapsLines(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.TMUX) return true;
  return env.XTERM_VERSION === undefined && !/^(?:screen|linux)/.test(env.TERM ?? '');
}
