/** Decides when a view is drawn: keys are answered at once but for ten draws a second; news can wait for each other. */
export class DrawPace {
  readonly #draw: () => void;
  #timer: NodeJS.Timeout | null = null;
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  request(kind: 'key' | 'news'): void {
    if (this.#timer !== null && kind === 'news') return;
    const due = this.#drawnAt + (kind === 'key' ? KEY_MS : NEWS_MS) - performance.now();
    this.stop();
    this.#timer = setTimeout(() => this.drawNow(), Math.max(0, due));
  }

  drawNow(): void {
    this.stop();
    this.#drawnAt = performance.now();
    this.#draw();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

const KEY_MS = 100;
const NEWS_MS = 500;
