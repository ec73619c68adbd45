import { closeSync, constants, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadStream } from 'node:tty';
import type { IPty } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { beforeEach } from 'vitest';

// A native addon, which comes built for Linux with glibc, macOS and Windows; elsewhere its tests are skipped.
const pty = await import('@lydell/node-pty').catch(() => null);
export const hasTerminal = pty !== null;
beforeEach(({ skip }) => skip(!hasTerminal, `there is no node-pty for ${process.platform} ${process.arch} here`));

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** The view of a script in a real pseudo-terminal, its screen kept by a real terminal emulator. */
export class TestTerminal {
  /** All bytes that came out, as text. */
  output = '';
  readonly titles: string[] = [];
  readonly clipboard: string[] = [];
  exit: { exitCode: number; signal?: number | undefined } | null = null;
  readonly #screen: xterm.Terminal;
  readonly #process: IPty;
  readonly #exited: Promise<void>;

  constructor(command: readonly string[], { columns, rows, env = {} }: TerminalOptions) {
    this.#screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 5000 });
    this.#screen.onTitleChange((title) => this.titles.push(title));
    this.#screen.parser.registerOscHandler(52, (data) => {
      this.clipboard.push(data);
      return true;
    });
    if (pty === null) throw new Error('Expected node-pty to be installed.');
    this.#process = pty.spawn(process.execPath, [...command], {
      cols: columns,
      rows,
      // Not ours with CI in it: Ink would then draw only its last frame.
      env: { PATH: process.env.PATH ?? '', TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env },
    });
    readToTheEnd(this.#process);
    this.#process.onData((data) => {
      this.output += data;
      this.#screen.write(data);
    });
    this.#exited = new Promise((resolve) => {
      this.#process.onExit((exit) => {
        this.exit = exit;
        resolve();
      });
    });
  }

  /** The rows on the screen, without trailing blanks. */
  screen(): string[] {
    const { baseY } = this.#screen.buffer.active;
    return this.#lines(baseY, baseY + this.#screen.rows);
  }

  /** Scroll-back and screen, down to the last row that is not blank. */
  everything(): string[] {
    const lines = this.#lines(0, this.#screen.buffer.active.length);
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  }

  /** Where the cursor stands on the screen, and whether it is to be seen. */
  cursor(): { row: number; column: number; isVisible: boolean } {
    const { cursorX, cursorY } = this.#screen.buffer.active;
    const isVisible = this.output.lastIndexOf('\x1b[?25h') >= this.output.lastIndexOf('\x1b[?25l');
    return { row: cursorY, column: cursorX, isVisible };
  }

  press(keys: string): void {
    this.#process.write(keys);
  }

  kill(signal: string): void {
    this.#process.kill(signal);
  }

  resize(columns: number, rows: number): void {
    // As terminals do it: first what is on the screen, then the word to the program.
    this.#screen.resize(columns, rows);
    this.#process.resize(columns, rows);
  }

  /** Until the screen satisfies `condition`, or something beside it does; fails with what the terminal shows. */
  async until(condition: (screen: string) => boolean | Promise<boolean>, timeoutMs = PATIENCE_MS): Promise<void> {
    let deadline = Date.now() + timeoutMs;
    while (!(await condition(this.screen().join('\n')))) {
      // What has ended shows nothing new; what it did beside may take a moment to be seen.
      if (this.exit !== null) deadline = Math.min(deadline, Date.now() + 10_000);
      if (Date.now() > deadline) {
        throw new Error(`Expected ${condition} within ${timeoutMs / 1000} s${await this.#told()}`);
      }
      await sleep(20);
    }
  }

  /** Of another size, once that is drawn and satisfies `condition`: what stood there before may do so too. */
  async untilResized(columns: number, rows: number, condition: (screen: string) => boolean): Promise<void> {
    const before = this.output.length;
    this.resize(columns, rows);
    await this.until((screen) => this.output.indexOf(END_OF_DRAW, before) >= 0 && condition(screen));
  }

  /** Until nothing has come out for so long. */
  async untilStill(milliseconds: number): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (let seen = this.output.length, since = Date.now(); Date.now() - since < milliseconds; await sleep(50)) {
      if (this.output.length === seen) continue;
      seen = this.output.length;
      since = Date.now();
      if (Date.now() > deadline) throw new Error(`Expected nothing more to be drawn${await this.#told()}`);
    }
  }

  /**
   * Until nothing has come out for a while and the emulator has taken all of it. A terminal that is resized before that
   * wraps lines that were meant for another width, which no program can know of.
   */
  async untilQuiet(milliseconds = 400): Promise<void> {
    for (let seen = -1; seen !== this.output.length; await sleep(milliseconds)) seen = this.output.length;
    await new Promise<void>((resolve) => this.#screen.write('', resolve));
  }

  async untilExit(timeoutMs = 120_000): Promise<void> {
    const late = new AbortController();
    const isLate = await Promise.race([
      this.#exited.then(() => false),
      sleep(timeoutMs, true, { signal: late.signal }).catch(() => true),
    ]);
    late.abort();
    if (isLate) throw new Error(`Expected the program to end within ${timeoutMs / 1000} s${await this.#told()}`);
    // What a program wrote last may be read after its end is known, and later on a busy machine.
    await this.untilQuiet(200);
  }

  close(): void {
    if (this.exit === null) this.#process.kill('SIGKILL');
    this.#screen.dispose();
  }

  /** For messages: what is on the screen, and whether the program still runs. */
  async #told(): Promise<string> {
    await new Promise<void>((resolve) => this.#screen.write('', resolve));
    const state = this.exit === null ? 'which runs on' : `which ended with ${JSON.stringify(this.exit)}`;
    return `; got, of a program ${state}:\n${this.everything().join('\n')}`;
  }

  #lines(from: number, to: number): string[] {
    const { active } = this.#screen.buffer;
    return Array.from({ length: to - from }, (_, row) => active.getLine(from + row)?.translateToString(true) ?? '');
  }
}

/**
 * All that a program writes is read, on a busy machine, too. libuv takes a terminal that nobody writes to any more for
 * read to its end while the kernel still hands its last words over, so this holds it open; and node-pty stops reading
 * 200 ms after the program's end by the clock, where this gives the event loop ten turns more, each of which reads what
 * is there.
 */
function readToTheEnd(process: IPty): void {
  const { _socket: socket, _pty: path } = process as IPty & { readonly _socket: ReadStream; readonly _pty: string };
  const held = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error) => {
    socket.destroy = destroy;
    void (async () => {
      for (let turn = 0; turn < 10; turn++) await sleep(50);
      closeSync(held);
      destroy(error);
    })();
    return socket;
  };
}

/** A busy machine of two cores draws late. */
const PATIENCE_MS = 90_000;
/** The end of a synchronized update. */
const END_OF_DRAW = '\x1b[?2026l';
