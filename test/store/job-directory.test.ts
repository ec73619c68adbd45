import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requireSpace } from '../../src/store/disk-space.ts';
import { sourceFacts } from '../../src/store/identity.ts';
import { type JobDirectory, type JobPlan, jobFolderFor, openJobDirectory } from '../../src/store/index.ts';
import { takeLock } from '../../src/store/lock.ts';
import { temporaryFolder } from '../support/clips.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const PLACE = { workDir: null, restart: false };
const NO_REUSE = { frames: 10, framesUnchanged: 0, framesPartly: 0, framesOfWork: 10 };
const PLAN: JobPlan = {
  program: 'a test',
  input: at('in.mp4'),
  output: at('out.mkv'),
  identity: { source: { bytes: 100 }, model: { contentHash: 'abc' }, settings: { quality: 70 } },
  segments: [
    { index: 0, startFrame: 0, endFrame: 10, startTicks: null, endTicks: 10 },
    { index: 1, startFrame: 10, endFrame: 20, startTicks: 10, endTicks: null },
  ],
  task: null,
};

async function commitFirst(job: JobDirectory): Promise<void> {
  await job.begin(PLAN);
  const part = await job.segments.part(0, 'aa', '.mkv');
  writeFileSync(part, 'frames');
  await job.segments.commit(part, 'aa', {
    index: 0,
    startFrame: 0,
    endFrame: 10,
    ptsTicks: [0, 1],
    reuse: NO_REUSE,
    patchedTicks: [],
    startSeconds: 0,
    parameters: '',
  });
}

describe('a job’s folder', () => {
  test('keeps what was committed, and nothing that was not', async () => {
    const output = at('kept.mkv');
    const job = await openJobDirectory(output, PLACE);
    await commitFirst(job);
    writeFileSync(await job.segments.part(1, 'bb', '.mkv'), 'half');
    await job.close('keep-if-committed');
    expect(readdirSync(`${output}.upreel`).sort()).toEqual(['job.json', 'segment-00000.aa.mkv', 'segment-00000.json']);

    const again = await openJobDirectory(output, PLACE);
    expect([...again.segments.committed.keys()]).toEqual([0]);
    expect((await again.begin(PLAN)).segments).toEqual(PLAN.segments);
    await again.close('finished');
    expect(readdirSync(folder)).not.toContain('kept.mkv.upreel');
  });

  test.each([
    ['shorter data', (name: string) => writeFileSync(join(name, 'segment-00000.aa.mkv'), 'fra')],
    ['a record that is cut off', (name: string) => writeFileSync(join(name, 'segment-00000.json'), '{"index":0,')],
  ])('does not count a segment with %s', async (name, damage) => {
    const output = at(`${name}.mkv`);
    const job = await openJobDirectory(output, PLACE);
    await commitFirst(job);
    await job.close('keep');
    damage(`${output}.upreel`);
    const again = await openJobDirectory(output, PLACE);
    expect(again.segments.committed.size).toBe(0);
    await again.close('finished');
  });

  test('finds data of the right length that is not what was committed, when asked to look at all', async () => {
    const job = await openJobDirectory(at('rotten.mkv'), PLACE);
    await commitFirst(job);
    writeFileSync(join(job.path, 'segment-00000.aa.mkv'), 'flames');
    expect(await job.segments.dropDamaged(new AbortController().signal)).toBe(1);
    expect(job.segments.committed.size).toBe(0);
    await job.close('finished');
  });

  test('removes only what is its own', async () => {
    const output = at('shared.mkv');
    mkdirSync(`${output}.upreel`);
    writeFileSync(join(`${output}.upreel`, 'notes.txt'), 'mine');
    const job = await openJobDirectory(output, PLACE);
    await commitFirst(job);
    await job.close('finished');
    expect(readdirSync(`${output}.upreel`)).toEqual(['notes.txt']);
  });

  test('under a work folder has a name that no other output has', () => {
    const [one, two] = [jobFolderFor('/a/out.mkv', '/work'), jobFolderFor('/b/out.mkv', '/work')];
    expect(one).toMatch(/^\/work\/out\.mkv-[0-9a-f]{10}\.upreel$/);
    expect(two).not.toBe(one);
  });

  test.each([
    ['source', { source: { bytes: 101 } }, 'the source has a size in bytes of 101, then it was 100'],
    ['model', { model: { contentHash: 'abd' } }, 'the model has a content hash of abd, then it was abc'],
    ['settings', { settings: { quality: 80 } }, 'the settings has quality 80, then it was 70'],
  ])('refuses to go on with another %s, naming the difference', async (section, change, message) => {
    const output = at(`changed-${section}.mkv`);
    const job = await openJobDirectory(output, PLACE);
    await commitFirst(job);
    await job.close('keep');
    const again = await openJobDirectory(output, PLACE);
    const other = { ...PLAN, identity: { ...PLAN.identity, ...change } };
    await expect(again.begin(other)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
      hint: expect.stringContaining('--restart'),
    });
    await again.close('keep');

    const anew = await openJobDirectory(output, { ...PLACE, restart: true });
    expect(anew.segments.committed.size).toBe(0);
    expect((await anew.begin(other)).identity).toEqual(other.identity);
    await anew.close('finished');
  });

  test('of another version is refused, not misread', async () => {
    const output = at('future.mkv');
    mkdirSync(`${output}.upreel`);
    writeFileSync(join(`${output}.upreel`, 'job.json'), '{"schema":2}');
    await expect(openJobDirectory(output, PLACE)).rejects.toMatchObject({ code: 'usage' });
    const job = await openJobDirectory(output, { ...PLACE, restart: true });
    await job.close('finished');
  });

  test('that goes missing harms nobody who writes history', async () => {
    const job = await openJobDirectory(at('gone.mkv'), PLACE);
    execFileSync('rm', ['-rf', job.path]);
    job.journal.add({ type: 'note' });
    await job.journal.flush();
    await job.close('keep');
  });
});

describe('the lock of a job', () => {
  test('lets in one at a time, and the next when that one ends', async () => {
    const output = at('locked.mkv');
    const job = await openJobDirectory(output, PLACE);
    await expect(openJobDirectory(output, PLACE)).rejects.toMatchObject({ code: 'job-running', exitCode: 7 });
    await job.close('finished');
    const next = await openJobDirectory(output, PLACE);
    await next.close('finished');
  });

  test('is free the moment its holder is killed with SIGKILL, and not before', async () => {
    const built = new URL('../../dist/store/lock.js', import.meta.url).href;
    const script = `const { takeLock } = await import(${JSON.stringify(built)});
      await takeLock('killed', 0); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect(await takeLock('killed', 0)).toBeNull();
    holder.kill('SIGSTOP');
    expect(await takeLock('killed', 0)).toBeNull();
    holder.kill('SIGKILL');
    await once(holder, 'close');
    const taken = await takeLock('killed', 0);
    expect(taken).not.toBeNull();
    await taken?.release();
  });

  test('of another machine counts while that machine touches its mark', async () => {
    const output = at('remote.mkv');
    mkdirSync(`${output}.upreel`);
    const mark = join(`${output}.upreel`, 'owner.json');
    writeFileSync(mark, JSON.stringify({ host: 'elsewhere', pid: 1 }));
    await expect(openJobDirectory(output, PLACE)).rejects.toMatchObject({
      code: 'job-running',
      message: expect.stringContaining('elsewhere'),
    });
    const longAgo = statSync(mark).mtimeMs / 1000 - 120;
    utimesSync(mark, longAgo, longAgo);
    const job = await openJobDirectory(output, PLACE);
    expect(JSON.parse(readFileSync(mark, 'utf8'))).toMatchObject({ pid: process.pid });
    await job.close('finished');
  });
});

describe('what tells one source from another', () => {
  const signal = new AbortController().signal;

  test('sees another time, another size, and another byte in a block that is sampled', async () => {
    const file = at('source.bin');
    const bytes = Buffer.alloc(3_000_000, 5);
    writeFileSync(file, bytes);
    utimesSync(file, 1000, 1000);
    const before = await sourceFacts(file, { whole: true }, signal);
    utimesSync(file, 1001, 1001);
    expect(await sourceFacts(file, { whole: true }, signal)).toEqual({ ...before, changedMs: 1_001_000 });
    bytes[bytes.length - 1] = 6;
    writeFileSync(file, bytes);
    expect((await sourceFacts(file, { whole: false }, signal)).sampled).not.toBe(before.sampled);
  });

  test('sees a byte between the samples only when everything is read', async () => {
    const file = at('between.bin');
    const bytes = Buffer.alloc(3_000_000, 5);
    writeFileSync(file, bytes);
    const before = await sourceFacts(file, { whole: true }, signal);
    bytes[100_000] = 6;
    writeFileSync(file, bytes);
    const after = await sourceFacts(file, { whole: true }, signal);
    expect(after.sampled).toBe(before.sampled);
    expect(after.whole).not.toBe(before.whole);
  });
});

test('room on a disk is checked for all that goes there together', async () => {
  await requireSpace([{ folder, bytes: 1 }]);
  await expect(
    requireSpace([
      { folder, bytes: 1 },
      { folder, bytes: 1e18 },
    ]),
  ).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringMatching(/has [\d.]+ [kMGT]?B free, and about 1000000\.0 TB more are needed/),
    hint: expect.stringContaining('--no-space-check'),
  });
});

describe('the segments of a job', () => {
  const SEGMENT = { index: 0, startFrame: 0, endFrame: 10, ptsTicks: [0], patchedTicks: [], startSeconds: 0 };

  test('are those of who was first: a second attempt takes what is there, and leaves nothing', async () => {
    const job = await openJobDirectory(at('twice.mkv'), PLACE);
    await commitFirst(job);
    const part = await job.segments.part(0, 'bb', '.mkv');
    writeFileSync(part, 'other frames');
    const second = await job.segments.commit(part, 'bb', { ...SEGMENT, reuse: NO_REUSE, parameters: '' });
    expect(second).toMatchObject({ isNew: false, record: { file: 'segment-00000.aa.mkv', bytes: 6 } });
    expect(readdirSync(job.path).filter((name) => name.startsWith('segment-'))).toEqual([
      'segment-00000.aa.mkv',
      'segment-00000.json',
    ]);
    await job.close('finished');
  });

  test('do not replace a record that somebody else has written past the lock', async () => {
    const job = await openJobDirectory(at('past-the-lock.mkv'), PLACE);
    await job.begin(PLAN);
    const part = await job.segments.part(0, 'aa', '.mkv');
    writeFileSync(part, 'frames');
    writeFileSync(join(job.path, 'segment-00000.json'), 'theirs', { mode: 0o600 });
    const committing = job.segments.commit(part, 'aa', { ...SEGMENT, reuse: NO_REUSE, parameters: '' });
    await expect(committing).rejects.toMatchObject({ code: 'job-running' });
    expect(readFileSync(join(job.path, 'segment-00000.json'), 'utf8')).toBe('theirs');
    expect(job.segments.committed.size).toBe(0);
    await job.close('finished');
  });
});
