import { FlowProducer, Queue, type QueueOptions } from 'bullmq';
import { DEVICE_NAMES, type DeviceName } from '../core/device-name.ts';
import type { FleetConnection } from './connection.ts';
import { FILM_RANKS, FILMS_QUEUE, type FilmJob, type FilmRank, type SegmentJob, segmentsQueue } from './names.ts';

/** A segment is tried so often before it counts as one that cannot be made. */
const ATTEMPTS = 4;
/** Then the film waits for a person: `retry`. Between two tries a worker may be mended, or a disk emptied. */
const BACKOFF = { type: 'exponential', delay: 1000, jitter: 0.5 } as const;
/** BullMQ's largest priority, of which each rank has a third: lower ones go first. */
const RANK_PRIORITIES = Math.floor(2 ** 21 / FILM_RANKS.length);
/** What BullMQ puts into a score beside the priority (`getPriorityScore` of its scripts). */
const SCORES_OF_ONE = 2 ** 32;
/** Asked for at once. */
const MOST_AT_ONCE = 100;

/** Puts films into the queue and takes them out again. */
export class FleetQueues {
  readonly films: Queue<FilmJob>;
  readonly #segments = new Map<DeviceName | null, Queue<SegmentJob>>();
  readonly #flows: FlowProducer;
  readonly #how: QueueOptions;
  readonly #redis: FleetConnection['redis'];

  constructor({ redis: connection, prefix }: Pick<FleetConnection, 'redis' | 'prefix'>) {
    this.#redis = connection;
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
   * @param rank films share with those of their own rank alone
   */
  async add(
    film: string,
    round: number,
    indices: readonly number[],
    { device, rank = 'in-turn' }: { readonly device: DeviceName | null; readonly rank?: FilmRank },
  ): Promise<void> {
    const priorityOf = await this.#priorities(device, rank);
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
          priority: priorityOf(place),
          removeOnComplete: true,
          removeOnFail: true,
          // The film is told of it, and goes on with its other segments.
          ignoreDependencyOnFailure: true,
        },
      })),
    });
  }

  /** Gives segments that wait, or will again, another rank; what is at work stays there. */
  async move(
    film: string,
    round: number,
    indices: readonly number[],
    { device, rank }: { readonly device: DeviceName | null; readonly rank: FilmRank },
  ): Promise<void> {
    const queue = this.segments(device);
    const priorityOf = await this.#priorities(device, rank);
    for (let from = 0; from < indices.length; from += MOST_AT_ONCE) {
      const some = indices.slice(from, from + MOST_AT_ONCE);
      const jobs = await Promise.all(some.map((index) => queue.getJob(`${film}-${round}-${index}`)));
      // One that has ended meanwhile is gone.
      const moves = jobs.map((job, place) =>
        job?.changePriority({ priority: priorityOf(from + place) }).catch(() => {}),
      );
      await Promise.all(moves);
    }
  }

  /** Takes out what waits; what is at work ends by itself. */
  async remove(film: string, round: number): Promise<void> {
    const parent = await this.films.getJob(`${film}-${round}`);
    await parent?.removeUnprocessedChildren();
  }

  async close(): Promise<void> {
    await Promise.all([this.films, this.#flows, ...this.#segments.values()].map((queue) => queue.close()));
  }

  /**
   * @returns priorities by place: the first is where the film stands that has waited longest among those of its rank.
   */
  async #priorities(device: DeviceName | null, rank: FilmRank): Promise<(place: number) => number> {
    const low = FILM_RANKS.indexOf(rank) * RANK_PRIORITIES;
    const [from, below] = [low + 1, low + RANK_PRIORITIES + 1].map((priority) => priority * SCORES_OF_ONE);
    const key = this.segments(device).toKey('prioritized');
    const [, score] = await this.#redis.zrangebyscore(key, from!, `(${below}`, 'WITHSCORES', 'LIMIT', 0, 1);
    const first = score === undefined ? low + 1 : Math.floor(Number(score) / SCORES_OF_ONE);
    return (place) => Math.min(low + RANK_PRIORITIES, first + place);
  }
}
