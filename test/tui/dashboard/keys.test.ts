import { expect, test } from 'vitest';
import type { JobSnapshot } from '../../../src/job/job-snapshot.ts';
import { stateDetail } from '../../../src/tui/dashboard/job-state.ts';
import { commandFor } from '../../../src/tui/dashboard/keys.ts';
import { initialDashboard, reduceDashboard } from '../../../src/tui/dashboard/ui-state.ts';
import { queuedJob, runningJob } from '../../support/job-snapshots.ts';

const IN_FLEET = { workers: [] } as const;

test.each([
  ['a job that waits', queuedJob('a'), true],
  ['a job that runs', runningJob('a'), false],
  ['a film of a fleet that is made', { ...runningJob('a'), ...IN_FLEET }, true],
  ['a film of a fleet that is paused', { ...runningJob('a'), ...IN_FLEET, state: 'paused' }, true],
  ['a film of a fleet that is done', { ...runningJob('a'), ...IN_FLEET, state: 'done' }, false],
] satisfies [string, JobSnapshot, boolean][])('%s is moved, or it is said why not', (_, job, isMoved) => {
  const state = reduceDashboard(initialDashboard('a'), { type: 'jobs', jobs: [job], atSeconds: 0 });
  const refused = { type: 'refuse', words: expect.stringContaining(`The job is ${job.state}`) };
  const move = (action: string) => (isMoved ? { type: 'act', id: 'a', action } : refused);
  expect(commandFor({ input: '+' }, state, false)).toEqual(move('move-up'));
  expect(commandFor({ input: '-' }, state, false)).toEqual(move('move-down'));
});

test.each([
  ['running, goes first', 'running', 'first'],
  ['queued, goes last', 'queued', 'last'],
  ['done', 'done', 'last'],
  ['running', 'running', undefined],
] as const)('a film of a fleet is said to be %s', (words, state, rank) => {
  const job = { ...runningJob('a'), ...IN_FLEET, state, ...(rank && { rank }) };
  expect(stateDetail(job)).toBe(words);
});
