import { paintLine } from '../line.ts';
import type { Look } from '../look.ts';
import type { Graphics } from '../picture/graphics-query.ts';
import { DrawPace } from './draw-pace.ts';
import { FullScreen, type Overlay } from './full-screen.ts';
import type { JobSession } from './job-session.ts';
import { drawPreview, noPreviewCaption, previewCaption } from './preview.ts';
import { drawScreen, TALL_ROWS } from './screen.ts';
import { selectedJob } from './ui-state.ts';

export interface PainterOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly look: Look;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly graphics: Graphics;
  readonly ownJobs: readonly string[];
}

/** Brings a session onto the full screen. */
export class Painter {
  readonly #options: PainterOptions;
  readonly #screen: FullScreen;
  readonly #pace: DrawPace;
  /** Kept because painting it costs. */
  #overlay: Overlay | null = null;

  constructor(session: JobSession, options: PainterOptions) {
    this.#options = options;
    this.#pace = new DrawPace(() => this.#paint(session));
    this.#screen = new FullScreen(options.stdout, () => this.#pace.drawNow());
  }

  /** Goes to the full screen; nothing is on it before something is drawn. */
  open(): void {
    this.#screen.open();
  }

  drawNow(): void {
    this.#pace.drawNow();
  }

  drawSoon(kind: 'key' | 'news'): void {
    this.#pace.request(kind);
  }

  /** Whatever the terminal shows. */
  redraw(): void {
    this.#screen.redraw();
    this.drawSoon('key');
  }

  /** Whether there are rows for more than was asked for. */
  isTall(): boolean {
    return this.#screen.terminalRows >= TALL_ROWS;
  }

  /** The terminal is as it was. Safe to call twice, and while the process ends. */
  close(): void {
    this.#pace.stop();
    this.#screen.close();
  }

  #paint({ state, watch }: JobSession): void {
    const { look, ownJobs } = this.#options;
    const { columns, terminalRows: rows } = this.#screen;
    const pair = state.showsPreview ? watch.pairOf(state.selected) : null;
    const { lines, picture } = drawScreen(state, {
      columns,
      rows,
      look,
      now: new Date(),
      ownJobs,
      load: watch.loadOf(state.selected),
      previewCaption: pair === null ? noPreviewCaption(selectedJob(state)) : previewCaption(pair, state.preview, look),
    });
    this.#overlay = drawPreview(pair, state.preview, picture, this.#overlay, this.#options);
    this.#screen.show(
      lines.map((row) => paintLine(row, look.colour)),
      this.#overlay,
    );
  }
}
