import { z } from 'zod';
import type { FleetConnection } from './connection.ts';

/** How often a worker says that it lives, and for how long it is believed. */
const BEAT_MILLISECONDS = 2000;
const BELIEVED_SECONDS = 15;

const beatSchema = z.object({
  name: z.string(),
  host: z.string(),
  pid: z.number(),
  device: z.string(),
  /** `draining`: ends after what it has at work. */
  state: z.enum(['idle', 'working', 'joining', 'draining']),
  film: z.string().nullable(),
  segment: z.number().nullable(),
  framesDone: z.number(),
  framesTotal: z.number(),
  framesPerSecond: z.number().nullable(),
  /** What troubles it; null: nothing. */
  trouble: z.string().nullable(),
});

/** What a worker tells of itself: small, and gone by itself when the worker is. */
export type Beat = z.infer<typeof beatSchema>;

/** Says every two seconds that a worker lives. @returns ends it. */
export function beat(connection: FleetConnection, tell: () => Beat, onBeat: () => void): () => Promise<void> {
  const { redis, keys } = connection;
  const say = (): void => {
    const now = tell();
    const key = keys.worker(now.name);
    redis
      .multi()
      .set(key, JSON.stringify(now), 'EX', BELIEVED_SECONDS)
      .sadd(keys.workers, now.name)
      .exec()
      // A server that is away hears the next one.
      .catch(() => {});
    onBeat();
  };
  say();
  const timer = setInterval(say, BEAT_MILLISECONDS);
  return async () => {
    clearInterval(timer);
    const { name } = tell();
    await redis
      .multi()
      .del(keys.worker(name))
      .srem(keys.workers, name)
      .exec()
      .catch(() => {});
  };
}

/** All workers that were heard lately. */
export async function readBeats({ redis, keys }: Pick<FleetConnection, 'redis' | 'keys'>): Promise<readonly Beat[]> {
  const names = (await redis.smembers(keys.workers)).sort();
  if (names.length === 0) return [];
  const texts = await redis.mget(names.map((name) => keys.worker(name)));
  const gone = names.filter((_, index) => texts[index] === null);
  if (gone.length > 0) await redis.srem(keys.workers, ...gone);
  return texts.flatMap((text) => {
    const parsed = beatSchema.safeParse(text === null ? null : JSON.parse(text));
    return parsed.success ? [parsed.data] : [];
  });
}
