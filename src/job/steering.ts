import { type Hours, isWithin } from './hours.ts';
import type { JobState } from './job-snapshot.ts';
import type { QueuePlace, Turn } from './registry/index.ts';

/** What decides whether a job may work right now: its turn on the device, its hours, and the person who pauses it. */
export interface SteeringOptions {
  readonly place: QueuePlace;
  /** null: at any time. */
  readonly hours: Hours | null;
  readonly now?: () => Date;
  /** Called with every change. @param mayWork false: the work is to be held back */
  readonly onState: (state: JobState, place: number | null, mayWork: boolean) => void;
  /** The queue cannot be used (a read-only state folder): the job works without it. */
  readonly onUnqueued: (cause: unknown) => void;
}

const LOOK_MILLISECONDS = 500;
/** A job far back in its queue looks as rarely as once in so many times. */
const RARE_LOOKS = 10;
const NEAR_PLACE = 3;

/**
 * Looks at the clock and the queue twice a second as long as there is something to look for. A job outside its hours
 * gives its turn to others; one that a person paused keeps the turn that it has, and waits for none.
 */
export class Steering {
  readonly #options: SteeringOptions;
  readonly #timer: NodeJS.Timeout;
  #turn: Turn | null = null;
  #place: number | null = null;
  #isPaused = false;
  #isResting = false;
  #isDraining = false;
  #isClosed = false;
  #looking: Promise<void> = Promise.resolve();
  #isLooking = false;
  #told = '';
  #waiting: (() => void)[] = [];

  constructor(options: SteeringOptions) {
    this.#options = options;
    this.#isResting = this.#isOutsideHours();
    let looks = 0;
    this.#timer = setInterval(() => {
      const isNear = this.#place === null || this.#place <= NEAR_PLACE;
      if (isNear || looks++ % RARE_LOOKS === 0) this.#look();
    }, LOOK_MILLISECONDS);
    this.#look();
  }

  get state(): JobState {
    if (this.#isPaused) return 'paused';
    if (this.#isResting) return 'resting';
    if (this.#turn === null) return 'queued';
    return this.#isDraining ? 'draining' : 'running';
  }

  pause(): void {
    this.#isPaused = true;
    this.#tell();
    this.#look();
  }

  resume(): void {
    this.#isPaused = false;
    this.#tell();
    this.#look();
  }

  /** Ends a pause: what is at work shall be finished. @returns false: nothing is at work. */
  drain(): boolean {
    if (this.#turn === null) return false;
    this.#isDraining = true;
    this.resume();
    return true;
  }

  /** Waits until the job may work. @throws the reason of an abort. */
  async ready(signal: AbortSignal): Promise<void> {
    while (!this.#mayWork) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    signal.throwIfAborted();
  }

  /** Gives the device to the next. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#looking;
    await this.#options.place.leave();
    await this.#turn?.release();
    this.#turn = null;
  }

  get #mayWork(): boolean {
    return this.state === 'running' || this.state === 'draining';
  }

  #isOutsideHours(): boolean {
    const { hours, now = () => new Date() } = this.#options;
    return hours !== null && !isWithin(hours, now());
  }

  #look(): void {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    this.#looking = this.#lookOnce().finally(() => {
      this.#isLooking = false;
    });
  }

  async #lookOnce(): Promise<void> {
    this.#isResting = this.#isOutsideHours();
    // Held back before the next one may begin.
    this.#tell();
    if (this.#isResting) {
      await this.#turn?.release();
      this.#turn = null;
    }
    if (this.#turn === null) await this.#queueUp();
    this.#tell();
  }

  async #queueUp(): Promise<void> {
    const { place, onUnqueued } = this.#options;
    try {
      if (this.#isResting || this.#isPaused) {
        if (this.#place !== null) await place.leave();
        this.#place = null;
        return;
      }
      const taken = await place.take();
      if (typeof taken === 'number') this.#place = taken;
      else {
        this.#turn = taken;
        this.#place = null;
      }
    } catch (cause) {
      onUnqueued(cause);
      this.#turn = { release: async () => {} };
    }
  }

  #tell(): void {
    const told = `${this.state} ${this.#place}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#options.onState(this.state, this.#place, this.#mayWork);
    if (this.#mayWork) for (const go of this.#waiting.splice(0)) go();
  }
}
