import { z } from 'zod';
import { DEVICE_NAMES, type DeviceName } from '../core/device-name.ts';
import { type ErrorRecord, UpreelError } from '../core/errors.ts';
import { errorSchema } from '../job/index.ts';
import type { SubmittedFilm } from '../video/index.ts';
import type { FleetConnection } from './connection.ts';
import { FILM_RANKS, type FilmRank } from './names.ts';

const FILM_STATES = ['running', 'paused', 'cancelled', 'failed', 'done'] as const;
export type FilmState = (typeof FILM_STATES)[number];

/** How long films that are done stay in the list: their results lie in the store, whatever is told of them. */
const DONE_SECONDS = 7 * 86_400;

const count = z.coerce.number().int().nonnegative();
/** A film as Redis keeps it, to be looked at: what is done stands in the store, and can be counted there again. */
const filmSchema = z.object({
  state: z.enum(FILM_STATES),
  round: count,
  input: z.string(),
  output: z.string(),
  model: z.string(),
  /** Which alone may make it; none: any. */
  device: z.enum(DEVICE_NAMES).optional(),
  createdAtMs: count,
  endedAtMs: count.optional(),
  frames: count,
  /** A viewer makes room for all of them. */
  segments: count.max(1_000_000),
  sourceWidth: count,
  sourceHeight: count,
  targetWidth: count,
  targetHeight: count,
  framesMade: count,
  bytesMade: z.coerce.number().nonnegative(),
  rank: z.enum(FILM_RANKS).default('in-turn'),
  stage: z.enum(['upscale', 'join', 'verify', 'publish']).default('upscale'),
  warnings: z.string().default('[]'),
  error: z.string().optional(),
});
export type FilmFacts = z.infer<typeof filmSchema>;

/** A film of the store, as it is handed to a fleet. */
export interface QueuedFilm extends SubmittedFilm {
  readonly model: string;
  readonly input: string;
  /** Which alone may make its segments; null: any. */
  readonly device: DeviceName | null;
}

/** What is shown of the films that a fleet has, and what may be asked of them. */
export class FilmStates {
  readonly #connection: FleetConnection;

  constructor(connection: FleetConnection) {
    this.#connection = connection;
  }

  /** @returns null: there is none, or another version wrote it. */
  async read(id: string): Promise<FilmFacts | null> {
    const { redis, keys } = this.#connection;
    return parseFilm(await redis.hgetall(keys.film(id)));
  }

  async stateOf(id: string): Promise<FilmState | null> {
    const { redis, keys } = this.#connection;
    const state = await redis.hget(keys.film(id), 'state');
    return FILM_STATES.find((known) => known === state) ?? null;
  }

  /** Ids of all, in the order in which they were submitted. Those that were done long ago are forgotten. */
  async list(): Promise<readonly string[]> {
    const { redis, keys } = this.#connection;
    const ids = await redis.zrange(keys.films, '0', '-1');
    if (ids.length === 0) return ids;
    const asked = redis.pipeline();
    for (const id of ids) asked.exists(keys.film(id));
    const answers = (await asked.exec()) ?? [];
    const gone = new Set(ids.filter((_, place) => answers[place]?.[1] === 0));
    if (gone.size > 0) await redis.zrem(keys.films, ...gone);
    return ids.filter((id) => !gone.has(id));
  }

  /** Lists a film, or again one that was ended. @returns the round that begins with it. */
  async begin(film: QueuedFilm): Promise<number> {
    const { redis, keys } = this.#connection;
    const nowMs = await this.nowMs();
    const key = keys.film(film.id);
    await redis.hsetnx(key, 'createdAtMs', `${nowMs}`);
    await redis.hdel(key, 'device', 'rank');
    await redis.hset(key, {
      input: film.input,
      output: film.output,
      model: film.model,
      ...(film.device !== null && { device: film.device }),
      frames: film.frames,
      segments: film.segments,
      sourceWidth: film.source.width,
      sourceHeight: film.source.height,
      targetWidth: film.target.width,
      targetHeight: film.target.height,
      warnings: JSON.stringify(film.warnings.slice(0, 20).map((text) => text.slice(0, 300))),
    });
    const round = await this.goOn(film.id);
    // Last: what is listed and not there is taken off the list.
    await redis.zadd(keys.films, 'NX', `${nowMs}`, film.id);
    return round;
  }

  /** @returns the round that begins. */
  async goOn(id: string): Promise<number> {
    const { redis, keys } = this.#connection;
    const key = keys.film(id);
    await redis.hset(key, { state: 'running', stage: 'upscale', framesMade: 0, bytesMade: 0 });
    await redis.hdel(key, 'error', 'endedAtMs');
    await redis.del(keys.failures(id));
    await redis.persist(key);
    await redis.persist(keys.made(id));
    return redis.hincrby(key, 'round', 1);
  }

  /** A segment that is new in the store. */
  async addMade(id: string, index: number, { frames, bytes }: { readonly frames: number; readonly bytes: number }) {
    const { redis, keys } = this.#connection;
    const before = await redis.setbit(keys.made(id), index, 1);
    if (before === 1) return;
    await redis.hincrby(keys.film(id), 'framesMade', frames);
    await redis.hincrbyfloat(keys.film(id), 'bytesMade', bytes);
  }

  /** What the store holds already. */
  async setMade(id: string, made: readonly { index: number; frames: number; bytes: number }[]): Promise<void> {
    const { redis, keys } = this.#connection;
    const bits = redis.pipeline().del(keys.made(id));
    for (const { index } of made) bits.setbit(keys.made(id), index, 1);
    const framesMade = made.reduce((sum, { frames }) => sum + frames, 0);
    const bytesMade = made.reduce((sum, { bytes }) => sum + bytes, 0);
    await bits.hset(keys.film(id), { framesMade, bytesMade }).exec();
  }

  /** Whether each segment is made. */
  async readMade(id: string, segments: number): Promise<readonly boolean[]> {
    const { redis, keys } = this.#connection;
    const bits = (await redis.getBuffer(keys.made(id))) ?? Buffer.alloc(0);
    return Array.from({ length: segments }, (_, index) => (((bits[index >> 3] ?? 0) >> (7 - (index & 7))) & 1) === 1);
  }

  async setState(id: string, state: FilmState, error: ErrorRecord | null = null): Promise<void> {
    const { redis, keys } = this.#connection;
    const key = keys.film(id);
    const ended = state === 'running' || state === 'paused' ? {} : { endedAtMs: await this.nowMs() };
    await redis.hset(key, { state, ...ended, ...(error !== null && { error: shortened(error) }) });
    if (state !== 'done') return;
    for (const each of [key, keys.made(id), keys.failures(id)]) await redis.expire(each, DONE_SECONDS);
  }

  async setRank(id: string, rank: FilmRank): Promise<void> {
    const { redis, keys } = this.#connection;
    await redis.hset(keys.film(id), { rank });
  }

  async setStage(id: string, stage: FilmFacts['stage']): Promise<void> {
    const { redis, keys } = this.#connection;
    await redis.hset(keys.film(id), { stage });
  }

  /** Of a segment that is not tried again. */
  async addFailure(id: string, index: number, error: ErrorRecord): Promise<void> {
    const { redis, keys } = this.#connection;
    await redis.hset(keys.failures(id), String(index), shortened(error));
  }

  async failures(id: string): Promise<ReadonlyMap<number, ErrorRecord>> {
    const { redis, keys } = this.#connection;
    const entries = Object.entries(await redis.hgetall(keys.failures(id)));
    return new Map(entries.flatMap(([index, text]) => withError(Number(index), text)));
  }

  async forget(id: string): Promise<void> {
    const { redis, keys } = this.#connection;
    await redis.zrem(keys.films, id);
    await redis.del(keys.film(id), keys.made(id), keys.failures(id));
  }

  /** By the server's clock: those of workers may differ. */
  async nowMs(): Promise<number> {
    const [seconds, micros] = await this.#connection.redis.time();
    return 1000 * Number(seconds) + Math.floor(Number(micros) / 1000);
  }
}

export function parseFilm(hash: Record<string, string>): FilmFacts | null {
  const parsed = filmSchema.safeParse(hash);
  return parsed.success ? parsed.data : null;
}

export function parseError(text: string | undefined): ErrorRecord | null {
  try {
    return errorSchema.parse(JSON.parse(text ?? ''));
  } catch {
    return null;
  }
}

function withError(index: number, text: string): [number, ErrorRecord][] {
  const error = parseError(text);
  return error === null ? [] : [[index, error]];
}

/** Logs stay on the worker. */
function shortened({ code, message, hint }: ErrorRecord): string {
  return JSON.stringify({ code, message: message.slice(0, 600), hint: hint.slice(0, 300), detail: '' });
}

/** @throws UpreelError `usage` */
export function noSuchFilm(name: string): UpreelError {
  return new UpreelError('usage', `There is no film ${name} in this queue.`, { hint: 'See upreel jobs --queue.' });
}
