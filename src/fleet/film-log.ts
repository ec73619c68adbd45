import { localTime } from '../job/index.ts';
import type { SegmentRecord, SharedSegments, SharedStore } from '../store/index.ts';
import { type FilmFacts, type FilmStates, parseError } from './film-state.ts';

/** Records that are read at once: a store may be far. */
const MOST_AT_ONCE = 8;

/**
 * What has happened to films, for a look. Segments are told by their records, which lie in the store with who made them
 * and when by whose clock: no log is written for it, neither there nor in Redis.
 */
export class FilmLogs {
  readonly #states: FilmStates;
  readonly #store: SharedStore | null;
  /** Of films that were looked at. */
  readonly #known = new Map<string, LoggedFilm>();

  /** @param store null: only what failed is told. */
  constructor(states: FilmStates, store: SharedStore | null) {
    this.#states = states;
    this.#store = store;
  }

  /** The last lines, oldest first. */
  async read(id: string, lines: number): Promise<readonly string[]> {
    const facts = await this.#states.read(id);
    if (facts === null || lines === 0) return [];
    const failures = await this.#states.failures(id);
    const made = [...(await this.#madeLines(id, facts, lines))].sort((a, b) => a.atMs - b.atMs);
    const submitted = `submitted: ${facts.frames} frames in ${facts.segments} segments`;
    const told = [{ atMs: facts.createdAtMs, text: submitted }, ...made].map(({ atMs, text }) => {
      return atMs === NEVER_TOLD ? text : `${localTime(new Date(atMs).toISOString())} ${text}`;
    });
    // The same may fail again.
    const again = facts.round > 1 ? `, at try ${facts.round}` : '';
    const failed = [...failures].map(([index, { message }]) => {
      return `segment ${index + 1} could not be made${again}: ${message}`;
    });
    return [...told, ...failed, ...endLine(facts)].slice(-lines);
  }

  /** Of those that are made: the last ones of the film at the first look, and all that are made after it. */
  async #madeLines(id: string, { segments: count, state }: FilmFacts, most: number): Promise<Iterable<MadeLine>> {
    const made = (await this.#states.readMade(id, count)).flatMap((isMade, index) => (isMade ? [index] : []));
    const film = await this.#film(id, made.slice(0, -most));
    if (film === null) return [];
    const { segments, passed, lines } = film;
    const unknown = made.filter((index) => !lines.has(index) && !passed.has(index));
    for (let from = 0; from < unknown.length; from += MOST_AT_ONCE) {
      const found = await Promise.all(unknown.slice(from, from + MOST_AT_ONCE).map((index) => segments.find(index)));
      for (const record of found) if (record !== null) lines.set(record.index, madeLine(record));
    }
    // Its record went with the film before it was read.
    const gone = state === 'done' ? unknown.filter((index) => !lines.has(index)) : [];
    for (const index of gone) lines.set(index, { atMs: NEVER_TOLD, text: `segment ${index + 1} was made` });
    return lines.values();
  }

  /** @returns null: there is no store at hand, or the film is done and gone from it. */
  async #film(id: string, passed: readonly number[]): Promise<LoggedFilm | null> {
    const known = this.#known.get(id);
    if (known !== undefined || this.#store === null) return known ?? null;
    const film = await this.#store.readFilm(id).catch(() => null);
    if (film === null) return null;
    const opened = { segments: this.#store.segmentsOf(film), passed: new Set(passed), lines: new Map() };
    this.#known.set(id, opened);
    return opened;
  }
}

interface LoggedFilm {
  readonly segments: SharedSegments;
  /** Segments that were made long before the first look. */
  readonly passed: ReadonlySet<number>;
  /** By index: a record is never another one later. */
  readonly lines: Map<number, MadeLine>;
}

interface MadeLine {
  readonly atMs: number;
  readonly text: string;
}

/** Last, where there is no time to be told. */
const NEVER_TOLD = Number.POSITIVE_INFINITY;

/** "segment 3: frames 25 to 36 in 12 s, by gpu-1 on cuda:0". */
function madeLine({ index, startFrame, endFrame, made }: SegmentRecord): MadeLine {
  const { atMs = NEVER_TOLD, seconds, worker, device } = made ?? {};
  const took = seconds === undefined ? '' : ` in ${Math.round(seconds)} s`;
  const frames = `frames ${startFrame + 1} to ${endFrame}`;
  const by = worker === undefined ? '' : `, by ${worker} on ${device}`;
  return { atMs, text: `segment ${index + 1}: ${frames}${took}${by}` };
}

function endLine({ state, endedAtMs, error }: FilmFacts): string[] {
  if (endedAtMs === undefined || state === 'running' || state === 'paused') return [];
  const why = parseError(error)?.message;
  return [`${localTime(new Date(endedAtMs).toISOString())} ${state}${why === undefined ? '' : `: ${why}`}`];
}
