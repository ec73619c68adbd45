import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UpreelError } from '../../src/core/errors.ts';
import { publishFile } from '../../src/core/files/publish.ts';
import { type JobDirectory, type JobPlan, openJobDirectory, readJobFile } from '../../src/store/index.ts';
import { temporaryFolder } from '../support/clips.ts';
import { canBeStrangers, letStrangerRun, PLANTS, plant, portrait, STRANGER } from '../support/stranger.ts';

const folder = temporaryFolder();
/** What must never change: the victim's own, full of names that upreel uses. */
const home = join(folder, 'home');
const treasure = join(home, '.profile');
/** Where victim and stranger may write. */
const shared = join(folder, 'shared');
const output = join(shared, 'out.mkv');
const jobFolder = `${output}.upreel`;
const PLACE = { workDir: null, restart: false };

const NAMES = [
  ...['job.json', 'events.jsonl', 'owner.json', 'clock', 'supervisor.log', 'join.ffconcat', 'result.mkv'],
  ...['segment-00000.json', 'segment-00000.mkv', 'segment-00001.part.mkv', '.upreel-1-ab.json'],
  ...['segment-00000.aa.mkv', 'segment-00001.bb.part.mkv', 'plan.json', 'times.bin'],
];
const PLAN: JobPlan = {
  ...{ program: 'a test', input: '/in.mp4', output, task: null },
  identity: { source: { bytes: 100 }, model: { contentHash: 'abc' }, settings: { quality: 70 } },
  segments: [
    { index: 0, startFrame: 0, endFrame: 10, startTicks: null, endTicks: 10 },
    { index: 1, startFrame: 10, endFrame: 20, startTicks: 10, endTicks: null },
  ],
};

beforeEach(() => {
  chmodSync(folder, 0o711);
  mkdirSync(home, { mode: 0o755 });
  mkdirSync(shared);
  writeFileSync(treasure, 'export PATH\n');
  for (const name of ['segment-00000.mkv', 'result.mkv', 'job.json']) writeFileSync(join(home, name), 'mine');
  mkdirSync(join(home, 'result'));
  writeFileSync(join(home, 'result', '000001.png'), 'mine');
});
afterEach(() => {
  for (const path of [home, shared]) rmSync(path, { recursive: true, force: true });
});

async function commitFirst(job: JobDirectory): Promise<void> {
  await job.begin(PLAN);
  job.journal.add({ type: 'begun' });
  const part = await job.segments.part(0, 'aa', '.mkv');
  writeFileSync(part, 'frames');
  await job.segments.commit(part, 'aa', {
    ...{ index: 0, startFrame: 0, endFrame: 10, ptsTicks: [0, 1], patchedTicks: [], startSeconds: 0, parameters: '' },
    reuse: { frames: 10, framesUnchanged: 0, framesPartly: 0, framesOfWork: 10 },
  });
}

/** A job of the victim's own with one segment done. */
async function leaveJob(): Promise<void> {
  const job = await openJobDirectory(output, PLACE);
  await commitFirst(job);
  await job.close('keep');
}

/** Opens it as each of begin, resume, restart and remove would. @returns the refusal. */
async function refusalOf(restart: boolean): Promise<UpreelError> {
  const error = await openJobDirectory(output, { workDir: null, restart }).then(
    async (job) => {
      await job.close('keep');
      return null;
    },
    (reason: unknown) => reason,
  );
  if (error instanceof UpreelError) return error;
  throw new Error(`Expected a refusal, got ${error}.`);
}

describe('a job’s folder is this user’s alone', () => {
  test('and so is what is in it', async () => {
    await leaveJob();
    expect(lstatSync(jobFolder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(jobFolder)) expect(lstatSync(join(jobFolder, name)).mode & 0o777).toBe(0o600);
  });

  test('until a result is published: then it has the rights of any new file', async () => {
    const job = await openJobDirectory(output, PLACE);
    writeFileSync(job.resultFile, 'a film', { mode: 0o600 });
    await publishFile(job.resultFile, job.outputPlace, { overwrite: false, share: true });
    await job.close('finished');
    expect(lstatSync(output).mode & 0o777).toBe(0o666 & ~process.umask());
    expect(readdirSync(shared)).toEqual(['out.mkv']);
  });

  test('with a work folder elsewhere, the result is made in a folder of the user’s own beside its place', async () => {
    const workDir = join(folder, 'work');
    const job = await openJobDirectory(output, { workDir, restart: false });
    const [beside] = readdirSync(shared);
    expect(lstatSync(join(shared, beside!)).mode & 0o777).toBe(0o700);
    expect(lstatSync(workDir).mode & 0o777).toBe(0o700);
    await job.close('finished');
    expect(readdirSync(shared)).toEqual([]);
    rmSync(workDir, { recursive: true });
  });
});

describe.skipIf(!canBeStrangers)('what a stranger has put there (needs root)', () => {
  test.each(PLANTS)('as %s under any name of a job is refused by name, and nothing is touched', async (kind) => {
    for (const name of NAMES) {
      await leaveJob();
      plant(kind, join(jobFolder, name), treasure);
      const before = portrait(folder);
      for (const restart of [false, true]) {
        const error = await refusalOf(restart);
        expect(error).toMatchObject({ code: 'place-untrusted', exitCode: 1 });
        expect(error.message).toContain(join(jobFolder, name));
        expect(error.hint).toContain('--work-dir');
      }
      expect(portrait(folder)).toBe(before);
      rmSync(jobFolder, { recursive: true });
    }
  });

  test('is no job either for who only looks', async () => {
    for (const kind of PLANTS) {
      await leaveJob();
      plant(kind, join(jobFolder, 'job.json'), treasure);
      await expect(readJobFile(jobFolder)).rejects.toMatchObject({ code: 'place-untrusted' });
      rmSync(jobFolder, { recursive: true });
    }
  });

  test('as the folder itself is refused, with its owner', async () => {
    const plants: Record<string, () => void> = {
      'a link': () => symlinkSync(home, jobFolder),
      'a file': () => writeFileSync(jobFolder, ''),
      'a named pipe': () => plant('pipe', jobFolder, treasure),
      [`user ${STRANGER}`]: () => {
        mkdirSync(jobFolder);
        chownSync(jobFolder, STRANGER, STRANGER);
      },
      'mode 0777': () => {
        mkdirSync(jobFolder);
        chmodSync(jobFolder, 0o777);
      },
      'mode 0770': () => {
        mkdirSync(jobFolder);
        chmodSync(jobFolder, 0o770);
      },
    };
    for (const [words, make] of Object.entries(plants)) {
      make();
      if (lstatSync(jobFolder).isDirectory()) symlinkSync(treasure, join(jobFolder, 'events.jsonl'));
      const before = portrait(home);
      for (const restart of [false, true]) {
        const error = await refusalOf(restart);
        expect(error).toMatchObject({ code: 'place-untrusted' });
        expect(error.message).toContain(words);
        expect(error.message).toContain(jobFolder);
      }
      expect(portrait(home)).toBe(before);
      rmSync(jobFolder, { recursive: true });
    }
  });

  test('where a result is made beside its place is refused, too', async () => {
    const workDir = join(folder, 'work');
    const job = await openJobDirectory(output, { workDir, restart: false });
    const [beside] = readdirSync(shared);
    await job.close('finished');
    symlinkSync(home, join(shared, beside!));
    const before = portrait(home);
    await expect(openJobDirectory(output, { workDir, restart: false })).rejects.toMatchObject({
      code: 'place-untrusted',
      message: expect.stringContaining(beside!),
    });
    expect(portrait(home)).toBe(before);
    rmSync(workDir, { recursive: true });
  });
});

describe.skipIf(!canBeStrangers)('a stranger who exchanges the folder all the time (needs root)', () => {
  /** Takes whatever folder has one of upreel's names away and puts a link in its place, and back, without an end. */
  const SWAP = `
    const fs = require('fs'), path = require('path');
    const [shared, home] = ${JSON.stringify([shared, home])};
    let swaps = 0;
    process.on('SIGTERM', () => { console.log('swaps ' + swaps); process.exit(0); });
    const quietly = (act) => { try { act(); return true; } catch { return false; } };
    function round() {
      for (let turn = 0; turn < 200; turn++) {
        for (const name of fs.readdirSync(shared)) {
          if (!/upreel/.test(name)) continue;
          const here = path.join(shared, name), aside = path.join(shared, 'aside-' + process.pid);
          if (!quietly(() => fs.renameSync(here, aside))) continue;
          quietly(() => fs.symlinkSync(home, here)) && swaps++;
          for (let wait = 0; wait < turn % 40 * 400; wait++);
          quietly(() => fs.unlinkSync(here));
          quietly(() => fs.renameSync(aside, here));
        }
      }
      console.log('swaps ' + swaps);
      setImmediate(round);
    }
    round();`;

  test.each([
    { mode: 0o777, workDir: null },
    { mode: 0o777, workDir: join(folder, 'work') },
    { mode: 0o1777, workDir: null },
  ])('changes nothing elsewhere while jobs begin, commit, go on and end ($mode, $workDir)', async (place) => {
    chmodSync(shared, place.mode);
    const before = portrait(home);
    const stranger = await letStrangerRun(SWAP);
    const counts = { done: 0, refused: 0 };
    try {
      // On a busy machine the stranger may need longer for its share.
      const hasActed = () => place.mode !== 0o777 || stranger.swaps() > 20;
      for (let round = 0; round < 150 || !hasActed(); round++) {
        for (const restart of [false, false, true]) {
          const done = await workOn({ workDir: place.workDir, restart }).then(
            () => true,
            () => false,
          );
          counts[done ? 'done' : 'refused']++;
        }
      }
    } finally {
      const swaps = await stranger.stop();
      // Sticky folders let nobody rename what is another's.
      if (place.mode === 0o777) expect(swaps).toBeGreaterThan(20);
      else expect(swaps).toBe(0);
    }
    expect(portrait(home)).toBe(before);
    expect(counts.done).toBeGreaterThan(0);
    if (place.workDir !== null) rmSync(place.workDir, { recursive: true, force: true });
  });

  async function workOn(place: { readonly workDir: string | null; readonly restart: boolean }): Promise<void> {
    const job = await openJobDirectory(output, place);
    let ending: 'keep' | 'finished' = 'keep';
    try {
      if (job.segments.committed.size === 0) await commitFirst(job);
      else {
        writeFileSync(job.resultFile, 'a film', { mode: 0o600 });
        await publishFile(job.resultFile, job.outputPlace, { overwrite: true, share: true });
        ending = 'finished';
      }
    } finally {
      await job.close(ending);
    }
  }
});
