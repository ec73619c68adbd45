import { type Job, WaitingError, Worker, type WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { DeviceName } from '../core/device-name.ts';
import { type SegmentJob, segmentsQueue } from './names.ts';

/** For so long after a segment of one queue, the others that hold any may give theirs out. */
const TURN_MILLISECONDS = 1000;

type Kind = DeviceName | null;
type Make = (job: Job<SegmentJob>, hold: string | undefined, kind: Kind) => Promise<string>;

/**
 * Takes segments from several queues, one at a time: those that any machine may make (null), and those for the devices
 * of this one. Queues take turns.
 */
export class SegmentTakers {
  readonly #takers: ReadonlyMap<Kind, Worker<SegmentJob>>;
  readonly #redis: Redis;
  readonly #make: Make;
  #isTaken = false;
  #isClosing = false;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(redis: Redis, kinds: readonly Kind[], how: WorkerOptions, make: Make) {
    this.#redis = redis;
    this.#make = make;
    this.#takers = new Map(
      kinds.map((kind) => {
        const process = (job: Job<SegmentJob>, hold?: string) => this.#take(kind, job, hold);
        return [kind, new Worker<SegmentJob>(segmentsQueue(kind), process, how)];
      }),
    );
  }

  get workers(): readonly Worker<SegmentJob>[] {
    return [...this.#takers.values()];
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.workers.map((worker) => worker.close()));
  }

  async #take(kind: Kind, job: Job<SegmentJob>, hold: string | undefined): Promise<string> {
    if (this.#isTaken) {
      // Two queues gave at once: the engine makes one.
      await job.moveToWait(hold);
      throw new WaitingError();
    }
    this.#isTaken = true;
    const own = this.#takers.get(kind)!;
    const others = this.workers.filter((worker) => worker !== own);
    for (const other of others) await other.pause(true);
    try {
      return await this.#make(job, hold, kind);
    } finally {
      this.#isTaken = false;
      if (!this.#isClosing) await this.#letOthersTake(own, others);
    }
  }

  /** Who has just given out a segment would give the next one along with the answer. */
  async #letOthersTake(own: Worker, others: readonly Worker[]): Promise<void> {
    const waits = await Promise.all(others.map((other) => this.#holdsAny(other)));
    if (waits.includes(true)) {
      await own.pause(true);
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        if (!this.#isTaken && !this.#isClosing) void own.resume();
      }, TURN_MILLISECONDS);
      this.#timers.add(timer);
    }
    for (const other of others) await other.resume();
  }

  async #holdsAny(queue: Worker): Promise<boolean> {
    try {
      return (await this.#redis.zcard(queue.toKey('prioritized'))) > 0;
    } catch {
      // A server that is away gives nothing out.
      return false;
    }
  }
}
