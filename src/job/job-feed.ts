import { UpreelError } from '../core/errors.ts';
import { isLockHeld } from '../store/index.ts';
import { type ControlClient, connectControl } from './control/index.ts';
import { folderStamp, inspectJob } from './inspect-job.ts';
import { readHistory } from './job-history.ts';
import type { JobAction, JobFeed, JobSnapshot } from './job-snapshot.ts';
import { readSpec } from './job-spec.ts';
import { applyChange, snapshotOf } from './job-trace.ts';
import { isOwnSocket, type JobEntry, JobList, moveInQueue, supervisorLock } from './registry/index.ts';
import { removeJob } from './remove-job.ts';
import { startJob } from './start-job.ts';

/** How often the list is read; what running jobs tell comes at once. */
const LOOK_MILLISECONDS = 1000;
const TELL_MILLISECONDS = 200;

interface SeenJob {
  entry: JobEntry;
  snapshot: JobSnapshot;
  client: ControlClient | null;
  /** Of the entry and folder that `snapshot` was made from, while there is no supervisor. */
  stamp: string;
}

/** All listed jobs, live. Jobs of any terminal and of scripts; ends nothing when it is closed. */
export async function openJobFeed(): Promise<JobFeed> {
  const feed = new ListedJobs();
  await feed.look();
  return feed;
}

class ListedJobs implements JobFeed {
  readonly isLocal = true;
  readonly #list = new JobList();
  readonly #jobs = new Map<string, SeenJob>();
  readonly #listeners = new Set<(jobs: readonly JobSnapshot[]) => void>();
  #looking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #telling: NodeJS.Timeout | null = null;
  #isClosed = false;

  subscribe(listener: (jobs: readonly JobSnapshot[]) => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.#lookAgain(), LOOK_MILLISECONDS);
    listener(this.#snapshots());
    return () => this.#listeners.delete(listener);
  }

  async act(id: string, action: JobAction): Promise<void> {
    await this.look();
    const job = this.#find(id);
    switch (action) {
      case 'pause':
      case 'drain':
      case 'cancel':
        await running(job).ask(action);
        break;
      case 'resume':
        if (job.client !== null) await job.client.ask('resume');
        else await startJob(await readSpec(id));
        break;
      case 'remove':
        await removeJob(job.entry);
        break;
      case 'move-up':
      case 'move-down':
        await this.#move(job, action === 'move-up' ? 'up' : 'down');
    }
    await this.look();
  }

  async log(id: string, lines: number): Promise<readonly string[]> {
    return readHistory(this.#find(id).entry, lines);
  }

  async preview(id: string): ReturnType<JobFeed['preview']> {
    return (await this.#find(id).client?.preview()) ?? null;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#telling !== null) clearTimeout(this.#telling);
    this.#listeners.clear();
    for (const { client } of this.#jobs.values()) client?.close();
  }

  /** A list that cannot be read any more shows what was read last. */
  #lookAgain(): void {
    this.look().catch(() => {});
  }

  /** Reads the list, and connects to supervisors that are new; one at a time. @throws UpreelError `place-untrusted`. */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const entries = await this.#list.read();
    const listed = new Set(entries.map(({ id }) => id));
    for (const [id, { client }] of this.#jobs) {
      if (listed.has(id)) continue;
      client?.close();
      this.#jobs.delete(id);
      this.#tellSoon();
    }
    await Promise.all(entries.map((entry) => this.#see(entry).catch(() => {})));
  }

  async #see(entry: JobEntry): Promise<void> {
    const known = this.#jobs.get(entry.id);
    // Whoever goes on with a job writes that down first.
    if (known?.entry === entry && entry.ended !== null && known.client === null && known.stamp !== '') return;
    const job = known ?? { entry, snapshot: snapshotOf(entry), client: null, stamp: '' };
    job.entry = entry;
    if (job.client === null && (await this.#connect(job))) return;
    if (job.client !== null) return;
    const isHeld = await isLockHeld(supervisorLock(entry.id));
    const stamp = `${isHeld} ${JSON.stringify(entry.ended)} ${await folderStamp(entry.folder)}`;
    if (stamp === job.stamp && this.#jobs.has(entry.id)) return;
    const offline = await inspectJob(entry);
    // Its supervisor is just beginning or ending, or cannot be reached from here: it is looked at again.
    job.snapshot = isHeld && entry.ended === null ? { ...offline, state: 'running' } : offline;
    job.stamp = isHeld ? '' : stamp;
    this.#jobs.set(entry.id, job);
    this.#tellSoon();
  }

  /** @returns whether its supervisor has told how it stands. */
  async #connect(job: SeenJob): Promise<boolean> {
    const { socket } = job.entry;
    if (socket === null || !(await isOwnSocket(socket))) return false;
    let onFirst: () => void = () => {};
    const first = new Promise<void>((resolve) => {
      onFirst = resolve;
    });
    const client = await connectControl(socket, {
      onSnapshot: (snapshot) => {
        if (snapshot.id !== job.entry.id) return;
        job.snapshot = snapshot;
        onFirst();
        this.#tellSoon();
      },
      onChange: (change) => {
        job.snapshot = applyChange(job.snapshot, change);
        this.#tellSoon();
      },
      onClose: () => {
        job.client = null;
        job.stamp = '';
        onFirst();
        // Whether it has ended or was killed is in the list and in its lock.
        if (!this.#isClosed) this.#lookAgain();
      },
    });
    if (client === null) return false;
    if (this.#isClosed) {
      client.close();
      return false;
    }
    job.client = client;
    this.#jobs.set(job.entry.id, job);
    await client.ask('subscribe');
    await first;
    return job.client !== null;
  }

  async #move({ entry, snapshot }: SeenJob, direction: 'up' | 'down'): Promise<void> {
    if (await moveInQueue(entry.id, direction)) return;
    const why =
      snapshot.state === 'queued'
        ? `is the ${direction === 'up' ? 'first' : 'last'} in its queue`
        : 'does not wait in a queue';
    throw new UpreelError('usage', `The job of ${entry.output} ${why}.`);
  }

  #find(id: string): SeenJob {
    const job = this.#jobs.get(id);
    if (job === undefined) throw new UpreelError('usage', `There is no job ${id}.`, { hint: 'See upreel jobs.' });
    return job;
  }

  #snapshots(): readonly JobSnapshot[] {
    const jobs = [...this.#jobs.values()].map(({ snapshot }) => snapshot);
    return jobs.sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
  }

  #tellSoon(): void {
    if (this.#listeners.size === 0 || this.#isClosed) return;
    this.#telling ??= setTimeout(() => {
      this.#telling = null;
      const jobs = this.#snapshots();
      for (const listener of this.#listeners) listener(jobs);
    }, TELL_MILLISECONDS);
  }
}

function running({ client, entry }: SeenJob): ControlClient {
  if (client !== null) return client;
  throw new UpreelError('usage', `The job of ${entry.output} is not running.`, { hint: 'See upreel jobs.' });
}
