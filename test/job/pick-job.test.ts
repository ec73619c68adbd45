import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JobSnapshot } from '../../src/job/index.ts';
import { pickJob } from '../../src/job/pick-job.ts';

const job = (id: string, input: string, output: string, state = 'done') =>
  ({ id, input: resolve(input), output: resolve(output), folder: resolve(`${output}.upreel`), state }) as JobSnapshot;

const JOBS = [
  job('6kx2', 'tapes/a.avi', 'out/a.mkv'),
  job('6ky3', 'tapes/b.avi', 'out/b.mkv', 'failed'),
  job('9aa1', 'tapes/b.avi', 'out/b2.mkv'),
  job('9ab1', 'other/a.avi', 'a.avi'),
];

describe('the job that a name means', () => {
  it.each([
    ['6kx2', '6kx2'],
    ['6kx', '6kx2'],
    ['out/a.mkv', '6kx2'],
    ['out/a.mkv.upreel', '6kx2'],
    ['out/a.mkv.upreel/job.json', '6kx2'],
    ['tapes/a.avi', '6kx2'],
    // An output here before a source elsewhere.
    ['a.avi', '9ab1'],
    ['b2.mkv', '9aa1'],
    ['nothing', undefined],
    ['', undefined],
  ])('%j is %s', (name, id) => {
    expect(pickJob(JOBS, name)?.id).toBe(id);
  });

  it.each([
    ['6k', /^6k could be 6kx2 \(done, .*a\.mkv\) or 6ky3 \(failed, .*b\.mkv\)\.$/],
    ['b.avi', /6ky3 .* or 9aa1 /],
    ['tapes/b.avi', /6ky3 .* or 9aa1 /],
  ])('%j could be several, which are told apart', (name, message) => {
    expect(() => pickJob(JOBS, name)).toThrow(message);
  });
});
