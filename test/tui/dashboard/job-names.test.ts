import { expect, test } from 'vitest';
import type { JobSnapshot } from '../../../src/job/job-snapshot.ts';
import { jobNames } from '../../../src/tui/dashboard/job-names.ts';

const job = (id: string, input: string, output: string) => ({ id, input, output }) as JobSnapshot;

test('jobs are called by their source, and by what tells them apart where several have it', () => {
  const jobs = [
    job('a', '/tapes/one.avi', '/out/one.mkv'),
    job('b', '/tapes/two.avi', '/out/two-2x.mkv'),
    job('c', '/tapes/two.avi', '/out/two-4x.mkv'),
    job('d', '/1/three.avi', '/1/three.mkv'),
    job('e', '/2/three.avi', '/2/three.mkv'),
  ];
  expect([...jobNames(jobs).values()]).toEqual(['one.avi', 'two-2x.mkv', 'two-4x.mkv', 'd three.mkv', 'e three.mkv']);
});
