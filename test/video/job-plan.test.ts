import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { decodeRgb, ffmpeg, H264, pattern, streamHashes, temporaryFolder, tone } from '../support/clips.ts';
import { until } from '../support/processes.ts';
import { type ClipJob, startClip } from '../support/run-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const settings = { segmentSeconds: 0.5, encoderThreads: 1, encoder: 'ffv1' };
const JOB = { input: at('film.mp4'), output: at('out.mkv'), settings };
const JOB_FOLDER = `${JOB.output}.upreel`;
const inJob = (name: string) => join(JOB_FOLDER, name);

let whole: Buffer;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  vi.stubEnv('UPREEL_CACHE', at('cache'));
  // The real one, and a list of what it is asked.
  writeFileSync(at('ffprobe'), `#!/bin/sh\necho "$@" >> '${at('asked')}'\nexec ffprobe "$@"\n`);
  chmodSync(at('ffprobe'), 0o755);
  ffmpeg(...pattern(3, { size: '32x24', rate: '15' }), ...tone(3), ...H264, '-g', '15', '-c:a', 'aac', JOB.input);
  utimesSync(JOB.input, 1e9, 1e9);
  expect(await startClip({ ...JOB, output: at('whole.mkv') }).finished).toMatchObject({ code: 0 });
  whole = decodeRgb(at('whole.mkv'));
  const running = startClip({ ...JOB, delayMs: 30 });
  await until(() => existsSync(inJob('segment-00000.json')), 30_000);
  running.child.kill('SIGKILL');
  await running.finished;
  renameSync(JOB_FOLDER, at('begun'));
  renameSync(at('cache/keys'), at('keys'));
  vi.stubEnv('FFPROBE_PATH', at('ffprobe'));
});

afterAll(() => vi.unstubAllEnvs());

/** A job of which something is finished. */
beforeEach(() => {
  rmSync(JOB.output, { force: true });
  cpSync(at('begun'), JOB_FOLDER, { recursive: true });
  cpSync(at('keys'), at('cache/keys'), { recursive: true, force: true });
});

/** Goes on, to the same film. @returns whether the source was read again to plan it. */
async function goOn(more: Partial<ClipJob> = {}): Promise<boolean> {
  rmSync(at('asked'), { force: true });
  const ended = await startClip({ ...JOB, ...more }).finished;
  expect(ended).toMatchObject({ code: 0, out: expect.stringMatching(/started after [1-9]/) });
  expect(decodeRgb(JOB.output).equals(whole)).toBe(true);
  expect(existsSync(JOB_FOLDER)).toBe(false);
  return readFileSync(at('asked'), 'utf8').includes(JOB.input);
}

describe('the plan of a job', () => {
  test('lies beside its segments, is this user’s alone, and is read again by who goes on', async () => {
    const names = readdirSync(JOB_FOLDER).filter((name) => !/^(segment|events|result|owner|clock)/.test(name));
    expect(names).toEqual(['job.json', 'plan.json', 'times.bin']);
    expect(await goOn()).toBe(false);
    expect(streamHashes(JOB.output, 'a')).toEqual(streamHashes(JOB.input, 'a'));
  });

  test('is made anew where something is asked for that it does not say', async () => {
    expect(await goOn({ settings: { ...settings, audio: 'none' } })).toBe(true);
    expect(() => streamHashes(JOB.output, 'a')).toThrow('matches no streams');
  });

  test('is made anew for who wants everything read', async () => {
    expect(await goOn({ settings: { ...settings, verify: 'full' } })).toBe(true);
  });

  test.each([
    [
      'is not what was signed',
      () => writeFileSync(inJob('plan.json'), changed(readFileSync(inJob('plan.json'), 'utf8'))),
    ],
    ['has times that are not what was signed', () => writeFileSync(inJob('times.bin'), Buffer.alloc(8))],
    ['is not there', () => rmSync(inJob('plan.json'))],
    ['comes from another machine', () => rmSync(at('cache/keys'), { recursive: true })],
  ])('is made anew where it %s', async (_, change) => {
    change();
    expect(await goOn()).toBe(true);
  });

  test('is refused where its source is another one', async () => {
    const source = readFileSync(JOB.input);
    writeFileSync(JOB.input, Buffer.concat([source, Buffer.alloc(8)]));
    const refused = await startClip(JOB).finished;
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('the source has a size in bytes of') });
    writeFileSync(JOB.input, source);
    utimesSync(JOB.input, 1e9, 1e9);
    expect(await goOn()).toBe(false);
  });
});

test('a job that the version before has begun goes on', async () => {
  const job = JSON.parse(readFileSync(inJob('job.json'), 'utf8')) as object;
  writeFileSync(inJob('job.json'), JSON.stringify({ ...job, kept: undefined }));
  for (const name of ['plan.json', 'times.bin']) rmSync(inJob(name));
  for (const name of readdirSync(JOB_FOLDER).filter((name) => /^segment-\d+\.json$/.test(name))) {
    const record = JSON.parse(readFileSync(inJob(name), 'utf8')) as { file: string };
    const file = record.file.replace(/\.[0-9a-f]+\./, '.');
    expect(file).toMatch(/^segment-\d+\.[a-z]+$/);
    renameSync(inJob(record.file), inJob(file));
    writeFileSync(inJob(name), JSON.stringify({ ...record, file }));
  }
  expect(await goOn()).toBe(true);
});

/** What a stranger would ask ffmpeg for. */
function changed(plan: string): string {
  const other = plan.replace('"filters":["l"', '"filters":["l","movie=/etc/passwd"');
  expect(other).not.toBe(plan);
  return other;
}
