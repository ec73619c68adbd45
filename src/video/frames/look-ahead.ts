/**
 * Runs a source ahead of its consumer by at most `capacity` items, so that both work at the same time. Iterate it
 * once. Leaving the iteration early closes the source and disposes what was not taken.
 */
export class LookAhead<T> implements AsyncIterable<T> {
  readonly name: string;
  readonly capacity: number;
  readonly #source: AsyncIterable<T>;
  readonly #dispose: (item: T) => void;
  readonly #items: T[] = [];
  #isEnded = false;
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(name: string, capacity: number, source: AsyncIterable<T>, dispose: (item: T) => void) {
    this.name = name;
    this.capacity = capacity;
    this.#source = source;
    this.#dispose = dispose;
  }

  /** Items that wait to be taken. */
  get length(): number {
    return this.#items.length;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const running = this.#run();
    // Its failure is thrown below, after what came before it was taken.
    running.catch(() => {});
    try {
      for (;;) {
        const item = this.#items.shift();
        if (item !== undefined) {
          this.#change();
          yield item;
        } else if (this.#isEnded) {
          return await running;
        } else {
          await this.#changed();
        }
      }
    } finally {
      this.#isClosed = true;
      this.#change();
      await running.catch(() => {});
      for (const item of this.#items.splice(0)) this.#dispose(item);
    }
  }

  async #run(): Promise<void> {
    try {
      for await (const item of this.#source) {
        this.#items.push(item);
        this.#change();
        while (this.#items.length >= this.capacity && !this.#isClosed) await this.#changed();
        if (this.#isClosed) break;
      }
    } finally {
      this.#isEnded = true;
      this.#change();
    }
  }

  /** Producer and consumer never wait at the same time: one waits for an item, the other for room. */
  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #change(): void {
    this.#wake();
  }
}

/**
 * Maps with up to `concurrency` calls in flight and gives the results in the source's order. When it ends early or
 * a call fails, the calls in flight settle first, and their results are disposed.
 * @param isWork items that are no work do not count, up to `MAX_IDLE` of them: behind them work goes on.
 */
export async function* mapInOrder<T, R>(
  source: AsyncIterable<T>,
  concurrency: number,
  map: (item: T) => Promise<R>,
  dispose: (result: R) => void,
  isWork: (item: T) => boolean = () => true,
): AsyncGenerator<R, void, undefined> {
  const inFlight: { readonly result: Promise<R>; readonly isWork: boolean }[] = [];
  const isFull = () => {
    const working = inFlight.filter((call) => call.isWork).length;
    return working >= concurrency || inFlight.length >= concurrency + MAX_IDLE;
  };
  try {
    for await (const item of source) {
      const result = map(item);
      result.catch(() => {});
      inFlight.push({ result, isWork: isWork(item) });
      while (isFull()) yield await inFlight.shift()!.result;
    }
    while (inFlight.length > 0) yield await inFlight.shift()!.result;
  } finally {
    for (const outcome of await Promise.allSettled(inFlight.map(({ result }) => result))) {
      if (outcome.status === 'fulfilled') dispose(outcome.value);
    }
  }
}

const MAX_IDLE = 64;
