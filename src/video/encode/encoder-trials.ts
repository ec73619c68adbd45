import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { FfmpegPlan } from '../../core/ffmpeg/ffmpeg.ts';
import { ffmpegIdentity } from '../../core/ffmpeg/program-identity.ts';
import { cacheFolders, readCached, writeCached } from '../../core/model/cache/cache-folder.ts';

/** Trials of encoders that went well, of the ffmpeg that is found: a folder of films asks once. */
const proven = new Set<string>();

/** A trial that went well once, told by its whole command line. Failures are not remembered. */
export interface KnownTrial {
  readonly hasWorked: boolean;
  /** In this process, and for a day on this machine where another ffmpeg would be noticed. Never fails. */
  remember(): Promise<void>;
}

/** @param onDisk whether the cache may be used, whose folders are made by that. */
export async function lookUpTrial(trial: FfmpegPlan, onDisk = true): Promise<KnownTrial> {
  const identity = await ffmpegIdentity();
  const isKept = onDisk && identity !== null;
  const [ffmpeg, key] = [hashOf(identity ?? [process.env.PATH, process.env.FFMPEG_PATH]), hashOf(trial)];
  const inMemory = `${ffmpeg} ${key}`;
  const known = isKept && !proven.has(inMemory) ? await readKept(ffmpeg) : [];
  if (known.some((kept) => kept.trial === key)) proven.add(inMemory);
  return {
    hasWorked: proven.has(inMemory),
    async remember() {
      proven.add(inMemory);
      if (!isKept) return;
      const others = (await readKept(ffmpeg)).filter((kept) => kept.trial !== key);
      const trials = [...others.slice(1 - MOST_KEPT), { trial: key, at: new Date().toISOString() }];
      // A cache that cannot be written costs the trial again, no more.
      await writeCached(keptFile(), JSON.stringify({ ffmpeg, trials })).catch(() => undefined);
    },
  };
}

/** Sizes and options of films differ: the last few, in a small file. */
const MOST_KEPT = 200;
/** What else a trial depends on (memory, limits of the system) is asked again every day. */
const KEPT_MILLISECONDS = 24 * 60 * 60 * 1000;

const schema = z.object({
  ffmpeg: z.string(),
  trials: z.array(z.object({ trial: z.string(), at: z.iso.datetime() })),
});

/** Of this ffmpeg, oldest first; none for what this version would not have written. */
async function readKept(ffmpeg: string): Promise<z.infer<typeof schema>['trials']> {
  const text = await readCached(keptFile());
  if (text === null) return [];
  try {
    const kept = schema.parse(JSON.parse(text));
    const isFresh = ({ at }: { readonly at: string }) => {
      const age = Date.now() - Date.parse(at);
      return age >= 0 && age < KEPT_MILLISECONDS;
    };
    return kept.ffmpeg === ffmpeg ? kept.trials.filter(isFresh) : [];
  } catch {
    return [];
  }
}

function keptFile(): string {
  return join(cacheFolders().trials, 'encoders.json');
}

function hashOf(facts: unknown): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
}
