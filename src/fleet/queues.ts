import { FlowProducer, Queue } from 'bullmq';
import type { FleetConnection } from './connection.ts';
import { type FilmJob, QUEUES, type SegmentJob } from './names.ts';

/** A segment is tried so often before it counts as one that cannot be made. */
const ATTEMPTS = 4;
/** Then the film waits for a person: `retry`. Between two tries a worker may be mended, or a disk emptied. */
const BACKOFF = { type: 'exponential', delay: 1000, jitter: 0.5 } as const;
/** BullMQ's largest. */
const MOST_PRIORITY = 2 ** 21;

/** Puts films into the queue and takes them out again. */
export class FleetQueues {
  readonly segments: Queue<SegmentJob>;
  readonly films: Queue<FilmJob>;
  readonly #flows: FlowProducer;

  constructor({ redis: connection, prefix }: Pick<FleetConnection, 'redis' | 'prefix'>) {
    this.segments = new Queue(QUEUES.segments, { connection, prefix });
    this.films = new Queue(QUEUES.films, { connection, prefix });
    this.#flows = new FlowProducer({ connection, prefix });
    // Told by what is asked; without a listener each would end the process.
    this.segments.on('error', () => {});
    this.films.on('error', () => {});
    this.#flows.on('error', () => {});
  }

  /**
   * One job for each segment, and one that joins the film when they have ended, well or not.
   *
   * Films share the workers by what each has been given: the first segments of all come before the second ones. A
   * film that comes later begins where the others stand (start-time fair queueing: Goyal, Vin, Cheng, SIGCOMM 1996).
   * @param indices of the segments that are to be made, ascending
   * @param round of `FilmStates.begin`: names of jobs are not used twice
   */
  async add(film: string, round: number, indices: readonly number[]): Promise<void> {
    const base = await this.#served();
    await this.#flows.add({
      name: 'film',
      queueName: QUEUES.films,
      data: { film, round },
      opts: {
        jobId: `${film}-${round}`,
        attempts: ATTEMPTS,
        backoff: BACKOFF,
        removeOnComplete: true,
        removeOnFail: true,
      },
      children: indices.map((index, place) => ({
        name: 'segment',
        queueName: QUEUES.segments,
        data: { film, index, failed: [] },
        opts: {
          jobId: `${film}-${round}-${index}`,
          attempts: ATTEMPTS,
          backoff: BACKOFF,
          priority: Math.min(MOST_PRIORITY, base + place + 1),
          removeOnComplete: true,
          removeOnFail: true,
          // The film is told of it, and goes on with its other segments.
          ignoreDependencyOnFailure: true,
        },
      })),
    });
  }

  /** Takes out what waits; what is at work ends by itself. */
  async remove(film: string, round: number): Promise<void> {
    const parent = await this.films.getJob(`${film}-${round}`);
    await parent?.removeUnprocessedChildren();
  }

  async close(): Promise<void> {
    await Promise.all([this.segments.close(), this.films.close(), this.#flows.close()]);
  }

  /** How far the film that waits longest has come. */
  async #served(): Promise<number> {
    const [next] = await this.segments.getPrioritized(0, 0);
    return Math.max(0, (next?.opts.priority ?? 1) - 1);
  }
}
