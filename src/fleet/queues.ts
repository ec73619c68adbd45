import { FlowProducer, Queue, type QueueOptions } from 'bullmq';
import { DEVICE_NAMES, type DeviceName } from '../core/device-name.ts';
import type { FleetConnection } from './connection.ts';
import { FILMS_QUEUE, type FilmJob, type SegmentJob, segmentsQueue } from './names.ts';

/** A segment is tried so often before it counts as one that cannot be made. */
const ATTEMPTS = 4;
/** Then the film waits for a person: `retry`. Between two tries a worker may be mended, or a disk emptied. */
const BACKOFF = { type: 'exponential', delay: 1000, jitter: 0.5 } as const;
/** BullMQ's largest. */
const MOST_PRIORITY = 2 ** 21;

/** Puts films into the queue and takes them out again. */
export class FleetQueues {
  readonly films: Queue<FilmJob>;
  readonly #segments = new Map<DeviceName | null, Queue<SegmentJob>>();
  readonly #flows: FlowProducer;
  readonly #how: QueueOptions;

  constructor({ redis: connection, prefix }: Pick<FleetConnection, 'redis' | 'prefix'>) {
    // A queue that is only looked at leaves nothing in Redis.
    this.#how = { connection, prefix, skipMetasUpdate: true };
    this.films = new Queue(FILMS_QUEUE, this.#how);
    this.#flows = new FlowProducer({ connection, prefix });
    // What is asked tells of an error; without a listener each would end the process.
    this.films.on('error', () => {});
    this.#flows.on('error', () => {});
  }

  /** Segments for one kind of device, or (null) for any. */
  segments(device: DeviceName | null): Queue<SegmentJob> {
    const known = this.#segments.get(device);
    if (known !== undefined) return known;
    const queue = new Queue<SegmentJob>(segmentsQueue(device), this.#how);
    queue.on('error', () => {});
    this.#segments.set(device, queue);
    return queue;
  }

  /** All that may hold segments. */
  allSegments(): readonly Queue<SegmentJob>[] {
    return [null, ...DEVICE_NAMES].map((device) => this.segments(device));
  }

  /**
   * One job for each segment, and one that joins the film when they have ended, well or not.
   *
   * Films share the workers by what each has been given: the first segments of all come before the second ones. A
   * film that comes later begins where the others stand (start-time fair queueing: Goyal, Vin, Cheng, SIGCOMM 1996).
   * @param round of `FilmStates.begin`: names of jobs are not used twice
   * @param indices of the segments that are to be made, ascending
   * @param device that is to make them; null: any
   */
  async add(film: string, round: number, indices: readonly number[], device: DeviceName | null): Promise<void> {
    const base = await this.#served(device);
    await this.#flows.add({
      name: 'film',
      queueName: FILMS_QUEUE,
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
        queueName: segmentsQueue(device),
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
    await Promise.all([this.films, this.#flows, ...this.#segments.values()].map((queue) => queue.close()));
  }

  /** How far the film that waits longest has come. */
  async #served(device: DeviceName | null): Promise<number> {
    const [next] = await this.segments(device).getPrioritized(0, 0);
    return Math.max(0, (next?.opts.priority ?? 1) - 1);
  }
}
