import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from '../../core/publish.ts';
import { endSchema, startedSchema } from '../snapshot-schema.ts';
import { makeStateFolder, stateFolder } from './state-folder.ts';

/**
 * What the list knows of a job. Its folder is the truth about its work: this says where it is, how it queues, and how it
 * ended. Written by its supervisor alone while there is one.
 */
const jobEntry = z.object({
  schema: z.literal(1),
  id: z.string().regex(/^[0-9a-z]{8}$/),
  folder: z.string(),
  output: z.string(),
  input: z.string(),
  model: z.string(),
  /** What it takes while it runs: `cpu`, or GPUs such as `cuda:0`. */
  devices: z.array(z.string().regex(/^[a-z]{2,12}(:\d{1,2})?$/)).min(1),
  /** Form as in job.json: what is run, for a job that never came so far as to have one. */
  task: z.json(),
  nice: z.int().min(0).max(19),
  only: z.string().nullable(),
  onDone: z.string().nullable(),
  /** Where its supervisor listens; null: nowhere. */
  socket: z.string().nullable(),
  createdAtMs: z.number(),
  started: startedSchema.nullable(),
  /** How it ended last; null: it has not, or nobody was left to say so. */
  ended: endSchema.nullable(),
});

export type JobEntry = z.infer<typeof jobEntry>;

export async function writeEntry(entry: JobEntry): Promise<void> {
  const { jobs } = await makeStateFolder();
  await writeFileAtomically(join(jobs, `${entry.id}.json`), `${JSON.stringify(entry)}\n`, 0o600);
}

/** null: there is none, or it is not one. */
export async function readEntry(id: string): Promise<JobEntry | null> {
  return parseEntry(join(stateFolder().jobs, `${id}.json`));
}

export async function removeEntry(id: string): Promise<void> {
  const { jobs } = stateFolder();
  for (const name of [`${id}.json`, `${id}.log`]) await rm(join(jobs, name), { force: true });
}

/** Where the last lines of a job's history stay when its folder is gone. */
export function historyFileOf(id: string): string {
  return join(stateFolder().jobs, `${id}.log`);
}

interface StampedEntry {
  readonly stamp: string;
  readonly entry: JobEntry | null;
}

/** Reads the list again and again, and only what has changed. Damaged files are passed over. */
export class JobList {
  #known: ReadonlyMap<string, StampedEntry> = new Map();

  /** Oldest first. */
  async read(): Promise<readonly JobEntry[]> {
    const { jobs } = stateFolder();
    const names = (await readdir(jobs).catch(() => [])).filter((name) => /^[0-9a-z]{8}\.json$/.test(name));
    const next = new Map<string, StampedEntry>();
    for (const name of names) {
      const file = join(jobs, name);
      const stats = await lstat(file).catch(() => null);
      if (stats === null) continue;
      const stamp = `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
      const known = this.#known.get(name);
      next.set(name, known?.stamp === stamp ? known : { stamp, entry: await parseEntry(file) });
    }
    this.#known = next;
    const entries = [...next.values()].flatMap(({ entry }) => entry ?? []);
    return entries.sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
  }
}

/** Ended jobs are forgotten after a while; those that have something to go on with never are. */
export async function pruneEntries(): Promise<void> {
  const finished: JobEntry[] = [];
  for (const entry of await new JobList().read()) {
    if (entry.ended === null) continue;
    if (entry.ended.state === 'done' || (await lstat(entry.folder).catch(() => null)) === null) finished.push(entry);
  }
  const oldest = finished.sort((a, b) => b.ended!.atMs - a.ended!.atMs);
  const limitMs = Date.now() - KEPT_DAYS * 86_400_000;
  for (const [index, { id, ended }] of oldest.entries()) {
    if (index >= KEPT_FINISHED || ended!.atMs < limitMs) await removeEntry(id);
  }
}

const KEPT_FINISHED = 100;
const KEPT_DAYS = 14;
const MAX_BYTES = 256 * 1024;

async function parseEntry(file: string): Promise<JobEntry | null> {
  try {
    const stats = await lstat(file);
    if (!stats.isFile() || stats.size > MAX_BYTES) return null;
    return jobEntry.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}
