import { createHash } from 'node:crypto';
import { z } from 'zod';
import { systemErrorCode, UpreelError } from '../core/errors.ts';
import { type JobPlan, jobPlanSchema } from './job-file.ts';
import { MOST_PLAN_BYTES } from './kept-plan.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const filmFile = jobPlanSchema.extend({
  schema: z.literal(1),
  /** Ways from the store's root: sources, results, and the checkpoint of a network that is no catalogue's. */
  checkpoint: z.string().nullable(),
  /** Where the source lies, if `input` names it by what it holds and it is not kept there. */
  sourceAt: z.string().optional(),
  /** When the source was changed, where its identity does not tell and its files here do not either. */
  changedMs: z.number().optional(),
  plan: sha256,
  times: sha256,
});

/** A film to be made by many machines: what a job's file holds, and the plan, both unchanged since it was submitted. */
export interface SharedFilm extends JobPlan {
  readonly id: string;
  readonly checkpoint: string | null;
  readonly sourceAt?: string | undefined;
  readonly changedMs?: number | undefined;
  readonly planJson: string;
  readonly times: Uint8Array;
}

/** Digits that name a film: they follow from all that is to be done, so that the same film is the same one. */
export const FILM_ID = /^[0-9a-f]{24}$/;

/** The file that counts: without it there is no film. */
export const FILM_FILE = 'film.json';
type FilmFileName = typeof FILM_FILE | keyof typeof MOST_PLAN_BYTES;
const MOST_BYTES: Readonly<Record<FilmFileName, number>> = { [FILM_FILE]: 64 * 1024 * 1024, ...MOST_PLAN_BYTES };

/**
 * @returns what is to be written, the file that counts last.
 * @throws UpreelError `usage` for more than is read
 */
export function packFilm({ planJson, times, ...job }: Omit<SharedFilm, 'id'>): {
  readonly id: string;
  readonly files: readonly (readonly [FilmFileName, string | Uint8Array])[];
} {
  const file = { schema: 1, ...job, plan: hashOf(planJson), times: hashOf(times) };
  const text = `${JSON.stringify(filmFile.parse(file), null, 1)}\n`;
  const files = [
    ['plan.json', planJson],
    ['times.bin', times],
    [FILM_FILE, text],
  ] as const;
  const long = files.find(([name, content]) => Buffer.byteLength(content) > MOST_BYTES[name]);
  if (long === undefined) return { id: idOf(text), files };
  throw new UpreelError('usage', `The film ${job.input} has a plan that is longer than machines read (${long[0]}).`, {
    hint: 'Cut it into several films.',
  });
}

/**
 * @param read gives a file of the film; it fails with ENOENT if there is none, and for more than so many bytes
 * @throws UpreelError `usage` if there is no such film in `shown`, or it is not what was submitted.
 */
export async function unpackFilm(
  id: string,
  shown: string,
  read: (name: FilmFileName, mostBytes: number) => Promise<Buffer>,
): Promise<SharedFilm> {
  requireFilmId(id);
  const whole = (name: FilmFileName) => read(name, MOST_BYTES[name]);
  try {
    const text = await whole(FILM_FILE);
    if (idOf(text) !== id) throw new Error('film.json is not what was submitted');
    const { schema: _, plan, times: timesHash, ...job } = filmFile.parse(JSON.parse(text.toString()));
    const planJson = await whole('plan.json');
    const times = await whole('times.bin');
    if (hashOf(planJson) !== plan || hashOf(times) !== timesHash) throw new Error('the plan is not what was submitted');
    return { ...job, id, planJson: planJson.toString(), times };
  } catch (cause) {
    if (cause instanceof UpreelError) throw cause;
    const isGone = systemErrorCode(cause) === 'ENOENT';
    const what = isGone ? `is not in the store ${shown}` : 'is damaged, or another version submitted it';
    throw new UpreelError('usage', `The film ${id} ${what}.`, {
      hint: isGone ? 'Is it the same store on all machines? See upreel doctor.' : 'Submit it anew.',
      cause,
    });
  }
}

/** @throws UpreelError `usage` */
export function requireFilmId(id: string): void {
  if (!FILM_ID.test(id)) throw new UpreelError('usage', 'That is no name of a film.', { hint: 'See upreel jobs.' });
}

function idOf(filmJson: string | Uint8Array): string {
  return hashOf(filmJson).slice(0, 24);
}

export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
