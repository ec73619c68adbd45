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
  /** Of films that were looked at; a record is never another one later. */
  readonly #known = new Map<
    string,
    { readonly segments: SharedSegments; readonly records: Map<number, SegmentRecord> }
  >();

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
    const made = (await this.#records(id, facts, lines)).flatMap((record) => {
      return record.made?.atMs === undefined ? [] : [{ atMs: record.made.atMs, text: madeLine(record) }];
    });
    const told = [
      { atMs: facts.createdAtMs, text: `submitted: ${facts.frames} frames in ${facts.segments} segments` },
      ...made.sort((a, b) => a.atMs - b.atMs),
    ].map(({ atMs, text }) => `${localTime(new Date(atMs).toISOString())} ${text}`);
    const failed = [...failures].map(([index, { message }]) => `segment ${index + 1} could not be made: ${message}`);
    return [...told, ...failed, ...endLine(facts)].slice(-lines);
  }

  /** At most so many, the last ones of the film: the others will have been read before, or are not asked for. */
  async #records(id: string, { segments: count }: FilmFacts, most: number): Promise<readonly SegmentRecord[]> {
    const film = await this.#film(id);
    if (film === null) return [];
    const { segments, records } = film;
    const made = await this.#states.readMade(id, count);
    const last = made.flatMap((isMade, index) => (isMade ? [index] : [])).slice(-most);
    const unknown = last.filter((index) => !records.has(index));
    for (let from = 0; from < unknown.length; from += MOST_AT_ONCE) {
      const found = await Promise.all(unknown.slice(from, from + MOST_AT_ONCE).map((index) => segments.find(index)));
      for (const record of found) if (record !== null) records.set(record.index, record);
    }
    return last.flatMap((index) => records.get(index) ?? []);
  }

  /** @returns null: there is no store at hand, or the film is done and gone from it. */
  async #film(id: string) {
    const known = this.#known.get(id);
    if (known !== undefined || this.#store === null) return known ?? null;
    const film = await this.#store.readFilm(id).catch(() => null);
    if (film === null) return null;
    const opened = { segments: this.#store.segmentsOf(film), records: new Map<number, SegmentRecord>() };
    this.#known.set(id, opened);
    return opened;
  }
}

/** "segment 3: frames 25 to 36 in 12 s, by gpu-1 on cuda:0". */
function madeLine({ index, startFrame, endFrame, made }: SegmentRecord): string {
  const took = made?.seconds === undefined ? '' : ` in ${Math.round(made.seconds)} s`;
  return `segment ${index + 1}: frames ${startFrame + 1} to ${endFrame}${took}, by ${made?.worker} on ${made?.device}`;
}

function endLine({ state, endedAtMs, error }: FilmFacts): string[] {
  if (endedAtMs === undefined || state === 'running' || state === 'paused') return [];
  const why = parseError(error)?.message;
  return [`${localTime(new Date(endedAtMs).toISOString())} ${state}${why === undefined ? '' : `: ${why}`}`];
}
