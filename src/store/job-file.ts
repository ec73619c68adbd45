import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { UpreelError } from '../core/errors.ts';
import { resultPlace } from '../core/files/sequence-name.ts';
import { OwnFolder } from '../core/own-folder/index.ts';
import { jobFolderFor } from './job-folder.ts';
import { type KeptPlan, keptPlanMark, writePlan } from './kept-plan.ts';

/** job.json: written once when a job begins, never changed. The segments' own files say what is done. */

const facts = z.record(z.string(), z.json());
const ticks = z.number().nullable();
const segmentRange = z.object({
  index: z.int().nonnegative(),
  /** Half-open range of frames as shown. */
  startFrame: z.int().nonnegative(),
  endFrame: z.int().nonnegative(),
  /**
   * Half-open range of times in ticks of the source's time base; null at the film's ends, or where frames are counted.
   */
  startTicks: ticks,
  endTicks: ticks,
});
/** What a job is, without when and where it was begun. */
export const jobPlanSchema = z.object({
  program: z.string(),
  input: z.string(),
  output: z.string(),
  identity: z.object({ source: facts, model: facts, settings: facts }),
  segments: z.array(segmentRange).min(1).refine(followEachOther, 'segments that follow each other from 0'),
  /** What `upreel resume` runs again; its form is its maker's. */
  task: z.json(),
});
const jobFile = jobPlanSchema.extend({
  schema: z.literal(1),
  created: z.string(),
  /** Of the plan beside it; jobs of earlier versions have none. */
  kept: keptPlanMark.optional(),
});

/** A plan that anybody may have written: each segment has its own number and its own frames. */
function followEachOther(segments: readonly { index: number; startFrame: number; endFrame: number }[]): boolean {
  return segments.every(({ index, startFrame, endFrame }, place) => {
    const before = segments[place - 1];
    return index === place && startFrame === (before?.endFrame ?? 0) && endFrame > startFrame;
  });
}

export type JobFile = z.infer<typeof jobFile>;
export type JobPlan = z.infer<typeof jobPlanSchema>;
export type SegmentRange = z.infer<typeof segmentRange>;

const JOB_FILE = 'job.json';
/** Room for a day of film in segments of a tenth of a second. */
const MAX_BYTES = 256 * 1024 * 1024;

/** @param kept the film's plan, to be read again by who goes on; null: it is made anew then */
export async function writeJobFile(folder: OwnFolder, plan: JobPlan, kept: KeptPlan | null): Promise<JobFile> {
  const mark = kept && (await writePlan(folder, kept));
  const job: JobFile = { schema: 1, created: new Date().toISOString(), ...plan, ...(mark && { kept: mark }) };
  await folder.write(JOB_FILE, `${JSON.stringify(job, null, 1)}\n`);
  return job;
}

/**
 * @returns null if there is none.
 * @throws UpreelError `usage` for one that this version cannot read; `place-untrusted`.
 */
export async function readJobFile(folder: string): Promise<JobFile | null> {
  const own = await OwnFolder.open(folder, { hint: 'Go on with jobs of your own alone: run the command anew.' });
  if (own === null) return null;
  try {
    return parseJobFile(await readJobText(own), folder);
  } finally {
    await own.close();
  }
}

/** @returns null if there is none. @throws UpreelError `place-untrusted`. */
export function readJobText(folder: OwnFolder): Promise<string | null> {
  return folder.read(JOB_FILE, MAX_BYTES);
}

/** @throws UpreelError `usage` for one that this version cannot read. */
export function parseJobFile(text: string | null, folder: string): JobFile | null {
  if (text === null) return null;
  const parsed = jobFile.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new UpreelError(
    'usage',
    `The job in ${folder} was begun by another version of upreel, or its job.json is damaged.`,
    {
      hint: 'Go on with that version, or add --restart to begin anew.',
      cause: parsed.error,
    },
  );
}

/**
 * The job that a person means, and where it was found: its folder, its job.json, or the output that it was to make.
 * @throws UpreelError `usage` if there is none.
 */
export async function findJob(name: string): Promise<{ readonly job: JobFile; readonly folder: string }> {
  const path = resultPlace(name);
  const isFolder = (await lstat(path).catch(() => null))?.isDirectory() ?? false;
  const folders = [
    ...(isFolder ? [path] : []),
    jobFolderFor(path, null),
    ...(path.endsWith(JOB_FILE) ? [dirname(path)] : []),
  ];
  for (const folder of folders) {
    const job = await readJobFile(folder);
    if (job !== null) return { job, folder };
  }
  throw new UpreelError('usage', `There is no unfinished job at ${name}.`, {
    hint: 'Name its folder (OUTPUT.upreel) or its output. A finished job leaves nothing to resume.',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
