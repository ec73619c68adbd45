import type { JobAction, JobFeed, JobSegment, JobSnapshot, JobState } from '../job/index.ts';
import { type Beat, readBeats } from './beats.ts';
import type { FleetConnection } from './connection.ts';
import { type FilmFacts, parseError } from './film-state.ts';
import type { Fleet } from './fleet.ts';

/** How often the queue is asked. */
const LOOK_MILLISECONDS = 1000;

/** The films of a fleet, live, as jobs are looked at. @throws UpreelError `queue-unreachable`. */
export async function openFleetFeed(fleet: Fleet, connection: FleetConnection): Promise<JobFeed> {
  const feed = new PolledFleet(fleet, connection);
  await feed.look();
  return feed;
}

class PolledFleet implements JobFeed {
  readonly isLocal = false;
  readonly #fleet: Fleet;
  readonly #connection: FleetConnection;
  readonly #listeners = new Set<(jobs: readonly JobSnapshot[]) => void>();
  #jobs: readonly JobSnapshot[] = [];
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #isClosed = false;

  constructor(fleet: Fleet, connection: FleetConnection) {
    this.#fleet = fleet;
    this.#connection = connection;
  }

  subscribe(listener: (jobs: readonly JobSnapshot[]) => void): () => void {
    this.#listeners.add(listener);
    // A server that is away for a while is shown as it was.
    this.#timer ??= setInterval(() => this.look().catch(() => {}), LOOK_MILLISECONDS);
    listener(this.#jobs);
    return () => this.#listeners.delete(listener);
  }

  async act(id: string, action: JobAction): Promise<void> {
    switch (action) {
      case 'pause':
      case 'drain':
        await this.#fleet.pause(id);
        break;
      case 'resume':
        await this.#fleet.resume(id);
        break;
      case 'cancel':
        await this.#fleet.cancel(id);
        break;
      case 'remove':
        await this.#fleet.remove(id);
        break;
      case 'move-up':
      case 'move-down':
        await this.#fleet.move(id, action === 'move-up' ? 'up' : 'down');
    }
    await this.look();
  }

  async log(id: string, lines: number): Promise<readonly string[]> {
    return this.#fleet.logs.read(id, lines);
  }

  preview(id: string): ReturnType<JobFeed['preview']> {
    return this.#fleet.previews.newest(id);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#listeners.clear();
    // Nobody is left to hear of a server that went away first.
    this.#fleet.close().catch(() => {});
  }

  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { states } = this.#fleet;
    const beats = await readBeats(this.#connection);
    const ids = await states.list();
    const nowMs = await states.nowMs();
    const jobs = await Promise.all(
      ids.map(async (id) => {
        const facts = await states.read(id);
        return facts && snapshotOf(id, facts, await states.readMade(id, facts.segments), beats, nowMs);
      }),
    );
    if (this.#isClosed) return;
    this.#jobs = jobs.filter((job) => job !== null);
    for (const listener of this.#listeners) listener(this.#jobs);
  }
}

/** A film of a fleet, in the words of a job. */
export function snapshotOf(
  id: string,
  facts: FilmFacts,
  made: readonly boolean[],
  beats: readonly Beat[],
  nowMs: number,
): JobSnapshot {
  const here = beats.filter(({ film }) => film === id);
  const error = parseError(facts.error);
  const framesNow = here.reduce((sum, { framesDone }) => sum + framesDone, 0);
  const framesDone = Math.min(facts.frames, facts.framesMade + framesNow);
  const framesPerSecond = here.reduce((sum, beat) => sum + (beat.framesPerSecond ?? 0), 0);
  const elapsedSeconds = Math.max(0, ((facts.endedAtMs ?? nowMs) - facts.createdAtMs) / 1000);
  const size = { width: facts.targetWidth, height: facts.targetHeight };
  const pixels = size.width * size.height;
  const isAtWork = facts.state === 'running' && (here.length > 0 || facts.stage !== 'upscale');
  return {
    id,
    state: stateOf(facts, isAtWork),
    input: facts.input,
    output: facts.output,
    folder: '',
    model: facts.model,
    device: [...new Set(here.map(({ device }) => device))].sort().join(', ') || 'fleet',
    place: null,
    nice: 0,
    only: null,
    createdAtMs: facts.createdAtMs,
    begunAtMs: facts.createdAtMs,
    endedAtMs: facts.endedAtMs ?? null,
    started: {
      type: 'started',
      kind: 'video',
      input: facts.input,
      output: facts.output,
      model: facts.model,
      device: 'fleet',
      source: { width: facts.sourceWidth, height: facts.sourceHeight },
      target: size,
      framesTotal: facts.frames,
      tilesPerFrame: 0,
      framesKept: 0,
    },
    progress: {
      type: 'progress',
      input: facts.input,
      stage: facts.stage,
      framesDone,
      framesTotal: facts.frames,
      tilesDone: 0,
      outputPixelsDone: framesDone * pixels,
      outputPixelsTotal: facts.frames * pixels,
      elapsedSeconds,
      framesPerSecond: framesPerSecond > 0 ? framesPerSecond : null,
      secondsLeft: framesPerSecond > 0 ? (facts.frames - framesDone) / framesPerSecond : null,
      queues: [],
      rssBytes: 0,
      bytesWritten: facts.bytesMade,
    },
    segments: segmentsOf(facts, made, here),
    warnings: warningsOf(facts),
    error,
    supervisorPid: null,
    ...(facts.rank !== 'in-turn' && { rank: facts.rank }),
    workers: here.map(({ name, device, segment, framesPerSecond, trouble }) => ({
      name,
      device,
      segment,
      framesPerSecond,
      trouble,
    })),
  };
}

function stateOf({ state }: FilmFacts, isAtWork: boolean): JobState {
  if (state === 'running') return isAtWork ? 'running' : 'queued';
  return state;
}

function segmentsOf({ frames, segments }: FilmFacts, made: readonly boolean[], here: readonly Beat[]): JobSegment[] {
  const running = new Set(here.map(({ segment }) => segment));
  return Array.from({ length: segments }, (_, index) => ({
    index,
    // Where exactly they are cut stands in the store.
    startFrame: Math.round((index * frames) / segments),
    endFrame: Math.round(((index + 1) * frames) / segments),
    state: made[index] === true ? 'done' : running.has(index) ? 'running' : 'planned',
    attempts: 1,
    reusedShare: null,
    bytes: null,
  }));
}

function warningsOf({ warnings }: FilmFacts): string[] {
  try {
    const texts: unknown = JSON.parse(warnings);
    return Array.isArray(texts) ? texts.filter((text) => typeof text === 'string') : [];
  } catch {
    return [];
  }
}
