import type { Size } from '../../pixels/geometry.ts';

/** Lets a few pages be worked on at once, and takes the results in their order. */
export class PageQueue<Result> {
  readonly #take: (result: Result, page: number) => Promise<void>;
  readonly #atOnce: number;
  readonly #working: Promise<Result>[] = [];
  #taken = 0;

  constructor(size: Size, take: (result: Result, page: number) => Promise<void>) {
    this.#atOnce = Math.max(1, Math.min(4, Math.floor(MOST_PIXELS / (size.width * size.height))));
    this.#take = take;
  }

  /** Waits while too many are at work. @throws what an earlier page's work throws */
  async add(work: Promise<Result>): Promise<void> {
    // Told when its turn comes.
    work.catch(() => {});
    this.#working.push(work);
    while (this.#working.length > this.#atOnce) await this.#takeNext();
  }

  async finish(): Promise<void> {
    while (this.#working.length > 0) await this.#takeNext();
  }

  async #takeNext(): Promise<void> {
    const result = await this.#working.shift()!;
    await this.#take(result, this.#taken);
    this.#taken++;
  }
}

/** Of all pages at work: each takes some bytes for every one of them. */
const MOST_PIXELS = 16e6;
