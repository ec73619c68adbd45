import type { StageLoad } from '../../core/events.ts';

/** How long the stages that work at the same time work, over all segments of a task. */
export class StageClocks {
  readonly decode: BusyClock;
  readonly upscale: BusyClock;
  /** Until a segment is committed: an encoder may hold back all the work of a short one until its end. */
  readonly encode: BusyClock;
  readonly #now: () => number;
  #marks: { seconds: number; decode: number; upscale: number; encode: number }[] = [];

  /**
   * @param lanes tiles that the network runs at once
   * @param now seconds of a clock that stands still in pauses
   */
  constructor(lanes: number, now: () => number) {
    this.#now = now;
    this.decode = new BusyClock(1, now);
    this.upscale = new BusyClock(lanes, now);
    this.encode = new BusyClock(1, now);
  }

  /** What each stage did with the recent past; empty before there was one. */
  loads(): readonly StageLoad[] {
    const { decode, upscale, encode } = this;
    const now = { seconds: this.#now(), decode: decode.seconds, upscale: upscale.seconds, encode: encode.seconds };
    this.#marks.push(now);
    // One that is older than the window stays, so that the window is always covered.
    while (this.#marks.length > 2 && this.#marks[1]!.seconds < now.seconds - WINDOW_SECONDS) this.#marks.shift();
    const since = this.#marks[0]!;
    const span = now.seconds - since.seconds;
    if (span < MINIMUM_SECONDS) return [];
    return STAGES.map((name) => ({ name, busy: Math.min(1, (now[name] - since[name]) / span) }));
  }
}

const STAGES = ['decode', 'upscale', 'encode'] as const;
/** As long as frames per second are taken over (progress-meter.ts), because both are held against each other. */
const WINDOW_SECONDS = 30;
const MINIMUM_SECONDS = 1;

/** Adds up the time in which pieces of work are under way: fewer than there are places for count in part. */
export class BusyClock {
  readonly #places: number;
  readonly #now: () => number;
  #pieces = 0;
  #seconds = 0;
  #since: number;

  constructor(places: number, now: () => number) {
    this.#places = places;
    this.#now = now;
    this.#since = now();
  }

  /** So far, what goes on included. */
  get seconds(): number {
    const share = Math.min(this.#pieces, this.#places) / this.#places;
    return this.#seconds + share * Math.max(0, this.#now() - this.#since);
  }

  /** So many more pieces are under way, or fewer. */
  add(pieces: number): void {
    this.#seconds = this.seconds;
    this.#since = this.#now();
    this.#pieces += pieces;
  }

  /** One piece, until it settles. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.add(1);
    try {
      return await work();
    } finally {
      this.add(-1);
    }
  }
}

/** The same items; the clock runs while they are waited for. */
export async function* whilePulled<T>(items: AsyncIterable<T>, clock: BusyClock): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await clock.during(() => iterator.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
