import { z } from 'zod';
import type { DeviceName } from '../core/device-name.ts';
import type { FleetConnection } from './connection.ts';

/** How often a worker says that it lives, and for how long it is believed. */
const BEAT_MILLISECONDS = 2000;
const BELIEVED_SECONDS = 15;
/** One that dies before it hears it is not to find it when it is started again. */
const ASKED_SECONDS = 60;

const beatSchema = z.object({
  name: z.string(),
  host: z.string(),
  pid: z.number(),
  device: z.string(),
  /** Whose queues it serves, beside the one for all. */
  devices: z.array(z.string()).default([]),
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

/**
 * Says every two seconds that a worker lives. @param onBeat told whether somebody asked it to end
 * @returns ends it
 */
export function beat(
  connection: FleetConnection,
  tell: () => Beat,
  onBeat: (isAskedToEnd: boolean) => void,
): () => Promise<void> {
  const { redis, keys } = connection;
  const say = (): void => {
    const now = tell();
    const key = keys.worker(now.name);
    redis
      .multi()
      .set(key, JSON.stringify(now), 'EX', BELIEVED_SECONDS)
      .sadd(keys.workers, now.name)
      .exists(keys.drain(now.name))
      .exec()
      .then(
        (answers) => onBeat(answers?.[2]?.[1] === 1),
        // A server that is away hears the next one.
        () => onBeat(false),
      );
  };
  say();
  const timer = setInterval(say, BEAT_MILLISECONDS);
  return async () => {
    clearInterval(timer);
    const { name } = tell();
    await redis
      .multi()
      .del(keys.worker(name), keys.drain(name))
      .srem(keys.workers, name)
      .exec()
      .catch(() => {});
  };
}

/** Asks a worker to end after what it has at work. It hears it at its next beat. @returns whether there is one. */
export async function askToEnd({ redis, keys }: FleetConnection, name: string): Promise<boolean> {
  if ((await redis.exists(keys.worker(name))) === 0) return false;
  await redis.set(keys.drain(name), '1', 'EX', ASKED_SECONDS);
  return true;
}

/** Whether a worker will take what failed on others. @param device whose queue it is in; null: that for all */
export function canTake(
  { name, state, devices }: Pick<Beat, 'name' | 'state' | 'devices'>,
  { failed, device }: { readonly failed: readonly string[]; readonly device: DeviceName | null },
): boolean {
  return state !== 'draining' && !failed.includes(name) && (device === null || devices.includes(device));
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
