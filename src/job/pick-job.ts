import { basename, resolve } from 'node:path';
import { UpreelError } from '../core/errors.ts';
import type { JobSnapshot } from './job-snapshot.ts';

/**
 * The one of the listed jobs that a person means: by its id or the beginning of it, its folder, its output or its
 * source, with their folders or without. What is nearer goes first: a path before a bare name, an output before a
 * source.
 * @returns null if there is none. @throws UpreelError `usage` if there are several, with what tells them apart.
 */
export function pickJob(jobs: readonly JobSnapshot[], name: string): JobSnapshot | null {
  if (name === '') return null;
  const path = resolve(name.replace(/[/\\]job\.json$/, ''));
  const ways: readonly ((job: JobSnapshot) => boolean)[] = [
    ({ id, folder, output }) => id === name || folder === path || resolve(output) === path,
    ({ input }) => resolve(input) === path,
    ({ id }) => id.startsWith(name),
    ({ output }) => basename(output) === name,
    ({ input }) => basename(input) === name,
  ];
  for (const isMeant of ways) {
    const meant = jobs.filter(isMeant);
    if (meant.length > 1) throw ambiguous(name, meant);
    if (meant.length === 1) return meant[0]!;
  }
  return null;
}

function ambiguous(name: string, jobs: readonly JobSnapshot[]): UpreelError {
  const shown = jobs.slice(0, MOST).map(({ id, state, output }) => `${id} (${state}, ${output})`);
  const rest = jobs.length > MOST ? ` or ${jobs.length - MOST} others` : '';
  return new UpreelError('usage', `${name} could be ${shown.join(' or ')}${rest}.`, {
    hint: 'Name it by its id, the word in front. See upreel jobs.',
  });
}

const MOST = 4;
