/**
 * Work that may stand still for a while, with all that it has in memory. Whoever works asks before each piece; whoever
 * measures speed or silence takes `activeSeconds` for the time. One for each engine.
 */
export class Pause {
  readonly #now: () => number;
  #since: number | null = null;
  #pausedSeconds = 0;
  #waiting: (() => void)[] = [];

  /** @param now seconds of a clock that does not jump */
  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now;
  }

  get isOn(): boolean {
    return this.#since !== null;
  }

  set(on: boolean): void {
    if (on === this.isOn) return;
    if (on) {
      this.#since = this.#now();
      return;
    }
    this.#pausedSeconds += this.#now() - this.#since!;
    this.#since = null;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** A clock that stands still while the work does. */
  readonly activeSeconds = (): number => (this.#since ?? this.#now()) - this.#pausedSeconds;

  /** At once unless it is on. @throws the reason of an abort. */
  async over(signal: AbortSignal | undefined): Promise<void> {
    while (this.isOn) {
      signal?.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    signal?.throwIfAborted();
  }
}
