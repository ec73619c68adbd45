import type { FramePair, JobFeed, JobSnapshot } from '../../job/index.ts';
import { isAlive } from './job-state.ts';
import { openLoadMeter } from './load-meter.ts';
import type { MachineLoad } from './machine.ts';

/** What is asked about one job at its own pace, beside what the feed tells of all: history, machine, newest frame. */
export class JobWatch {
  readonly #feed: Pick<JobFeed, 'log' | 'preview'>;
  readonly #meter = openLoadMeter();
  #load: { readonly id: string; readonly load: MachineLoad } | null = null;
  #pair: { readonly id: string; readonly pair: FramePair | null } | null = null;

  constructor(feed: Pick<JobFeed, 'log' | 'preview'>) {
    this.#feed = feed;
  }

  /** Asks anew. @returns the job's history, if it is wanted. Never throws: what cannot be told is not there. */
  async look(
    job: JobSnapshot,
    wanted: { readonly log: boolean; readonly preview: boolean },
  ): Promise<readonly string[] | null> {
    const { id } = job;
    const [lines, load, pair] = await Promise.all([
      wanted.log ? this.#feed.log(id, LOG_LINES).catch(() => []) : null,
      isAlive(job.state) ? this.#meter.sample(job.supervisorPid, !/^cpu/.test(job.device)).catch(() => null) : null,
      wanted.preview ? this.#feed.preview(id).catch(() => null) : null,
    ]);
    if (load !== null) this.#load = { id, load };
    // The last frame stays when there is no newer one.
    if (wanted.preview && (pair !== null || this.#pair?.id !== id)) this.#pair = { id, pair };
    return lines;
  }

  loadOf(id: string | null): MachineLoad | null {
    return this.#load?.id === id ? this.#load.load : null;
  }

  pairOf(id: string | null): FramePair | null {
    return this.#pair?.id === id ? this.#pair.pair : null;
  }
}

const LOG_LINES = 200;
