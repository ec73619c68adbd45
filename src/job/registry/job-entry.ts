import { lstat } from 'node:fs/promises';
import { z } from 'zod';
import type { OwnFolder } from '../../core/own-folder/index.ts';
import { endSchema, startedSchema } from '../snapshot-schema.ts';
import { inExistingState, inState } from './state-folder.ts';

/**
 * What the list knows of a job. Its folder is the truth about its work: this says where it is, how it queues, and how
 * it ended. Written by its supervisor alone while there is one.
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
  await inState('jobs', (jobs) => jobs.write(`${entry.id}.json`, `${JSON.stringify(entry)}\n`));
}

/** null: there is none, or it is not one. */
export async function readEntry(id: string): Promise<JobEntry | null> {
  return inExistingState('jobs', null, (jobs) => parseEntry(jobs, `${id}.json`));
}

export async function removeEntry(id: string): Promise<void> {
  await inExistingState('jobs', undefined, async (jobs) => {
    for (const name of [`${id}.json`, `${id}.log`]) await jobs.remove(name);
  });
}

/** The last lines of a job's history stay in the list when its folder is gone. */
export async function writeKeptHistory(id: string, text: string): Promise<void> {
  await inState('jobs', (jobs) => jobs.write(`${id}.log`, text));
}

export async function readKeptHistory(id: string): Promise<string> {
  const read = (jobs: OwnFolder) => jobs.read(`${id}.log`, MAX_BYTES);
  return (await inExistingState('jobs', null, read).catch(() => null)) ?? '';
}

/** Histories that stay in the list, by the ids of their jobs. */
export async function listKeptHistories(): Promise<readonly { readonly id: string; readonly bytes: number }[]> {
  return inExistingState('jobs', [], async (jobs) => {
    const kept: { id: string; bytes: number }[] = [];
    for (const name of await jobs.names()) {
      const [, id] = /^([0-9a-z]{8})\.log$/.exec(name) ?? [];
      const stats = id === undefined ? null : await jobs.look(name);
      if (id !== undefined && stats?.isFile()) kept.push({ id, bytes: stats.size });
    }
    return kept;
  });
}

export async function removeKeptHistory(id: string): Promise<void> {
  await inExistingState('jobs', undefined, (jobs) => jobs.remove(`${id}.log`));
}

interface StampedEntry {
  readonly stamp: string;
  readonly entry: JobEntry | null;
}

/** Reads the list again and again, and only what has changed. Damaged files are passed over. */
export class JobList {
  #known: ReadonlyMap<string, StampedEntry> = new Map();

  /** Oldest first. @throws UpreelError `place-untrusted`. */
  async read(): Promise<readonly JobEntry[]> {
    const next = new Map<string, StampedEntry>();
    await inExistingState('jobs', undefined, async (jobs) => {
      const names = (await jobs.names()).filter((name) => /^[0-9a-z]{8}\.json$/.test(name));
      for (const name of names) {
        const stats = await jobs.look(name);
        if (stats === null) continue;
        const stamp = `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
        const known = this.#known.get(name);
        next.set(name, known?.stamp === stamp ? known : { stamp, entry: await parseEntry(jobs, name) });
      }
    });
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

async function parseEntry(jobs: OwnFolder, name: string): Promise<JobEntry | null> {
  try {
    return jobEntry.parse(JSON.parse((await jobs.read(name, MAX_BYTES)) ?? ''));
  } catch {
    return null;
  }
}
