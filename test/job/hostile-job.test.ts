import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AUTOMATIC_NETWORK } from '../../src/core/upscaler/network-settings.ts';
import { readSpec } from '../../src/job/job-spec.ts';
import { adoptJob } from '../../src/job/list-job.ts';
import { readJobFile, readSegments } from '../../src/store/index.ts';
import { videoSettingsSchema } from '../../src/video/index.ts';
import { temporaryFolder } from '../support/clips.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const RANGE = { index: 0, startFrame: 0, endFrame: 10, startTicks: null, endTicks: null };

/** A job's folder of the user's own (unpacked from an archive, say) with a job.json that somebody else has written. */
function unpack(name: string, changes: object): string {
  const output = at(name);
  const settings = { ...videoSettingsSchema.parse({}), overwrite: true, report: at('victim.json') };
  const task = {
    ...{ kind: 'video', cwd: folder, network: { ...AUTOMATIC_NETWORK, model: 'realesr-general-x4v3', device: 'cpu' } },
    request: { input: at('in.mp4'), target: { kind: 'native' }, settings },
    queueing: { nice: 0, only: null, onDone: 'touch PWNED' },
    onDone: 'touch PWNED',
  };
  const job = {
    ...{ schema: 1, created: '', program: 'upreel', input: at('in.mp4'), output, segments: [RANGE], task },
    identity: { source: {}, model: {}, settings: {} },
    onDone: 'touch PWNED',
    ...changes,
  };
  mkdirSync(`${output}.upreel`, { mode: 0o700 });
  writeFileSync(join(`${output}.upreel`, 'job.json'), JSON.stringify(job), { mode: 0o600 });
  return `${output}.upreel`;
}

test('a job from elsewhere replaces nothing, writes no report, and brings no command', async () => {
  const spec = await readSpec(await adoptJob(unpack('taken.mkv', {})));
  expect(spec.queueing).toEqual({ nice: 0, only: null, onDone: null });
  expect(spec.task.request.settings).toMatchObject({ overwrite: false, report: null, restart: false });
  expect(spec.output).toBe(at('taken.mkv'));
});

test('a job from elsewhere makes its own result alone', async () => {
  const foreign = unpack('there.mkv', { output: at('elsewhere.mkv') });
  await expect(adoptJob(foreign)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('elsewhere.mkv'),
  });
});

test.each([
  ['doubled numbers', [RANGE, RANGE]],
  ['a negative beginning', [{ ...RANGE, startFrame: -5 }]],
  ['no frames', [{ ...RANGE, endFrame: 0 }]],
  ['a gap', [RANGE, { ...RANGE, index: 1, startFrame: 20, endFrame: 30 }]],
  ['frames beyond counting', [{ ...RANGE, endFrame: 1e300 }]],
  ['none', []],
])('a plan whose segments have %s is no plan', async (name, segments) => {
  const foreign = unpack(`${name}.mkv`, { segments });
  await expect(readJobFile(foreign)).rejects.toMatchObject({ code: 'usage' });
});

test.each([
  ['a file outside', { file: '../victim.json' }],
  ['an absolute file', { file: '/etc/passwd' }],
  ['a file that is none of its own', { file: 'job.json' }],
  ['frames of others', { startFrame: 5 }],
  ['endless times', { startSeconds: Number.POSITIVE_INFINITY }],
  ['a hash of a megabyte', { sha256: 'a'.repeat(1e6) }],
])('a record that names %s is none', async (name, changes) => {
  const foreign = unpack(`${name}.mkv`, {});
  writeFileSync(join(foreign, 'segment-00000.mkv'), 'frames', { mode: 0o600 });
  const record = {
    ...{ index: 0, startFrame: 0, endFrame: 10, file: 'segment-00000.mkv', bytes: 6, sha256: '', ptsTicks: [0] },
    reuse: { frames: 1, framesUnchanged: 0, framesPartly: 0, framesOfWork: 1 },
    ...{ patchedTicks: [], startSeconds: 0, parameters: '' },
  };
  const write = (content: object) =>
    writeFileSync(join(foreign, 'segment-00000.json'), JSON.stringify(content), { mode: 0o600 });
  write(record);
  expect((await readSegments(foreign, [RANGE])).size).toBe(1);
  write({ ...record, ...changes });
  expect((await readSegments(foreign, [RANGE])).size).toBe(0);
});
