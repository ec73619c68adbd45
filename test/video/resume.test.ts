import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../core/model/writers/random-networks.ts';
import { ffmpeg, frameTimes, H264, pattern, streamHashes, temporaryFolder, tone } from '../support/clips.ts';
import { canMount } from '../support/mount.ts';
import { descendantsOf, until } from '../support/processes.ts';
import { type ClipJob, type RunningClip, startClip } from '../support/run-clip.ts';
import { drawn } from '../support/thorough.ts';
import { upscaleClip } from '../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

beforeAll(() => {
  ffmpeg(...pattern(4, { size: '160x120', rate: '15' }), ...H264, at('wide.mp4'));
  ffmpeg(...pattern(4, { size: '32x24', rate: '15' }), ...tone(4), ...H264, '-g', '15', '-c:a', 'aac', at('film.mp4'));
});

const SEGMENTS = { segmentSeconds: 0.5, encoderThreads: 1 };

describe('kill -9 at any moment', () => {
  const FILMS = drawn(1, 3);
  const KILLS_PER_FILM = drawn(6, 5);
  const kills: string[] = [];
  afterAll(() => expect(kills).toHaveLength(2 * FILMS * KILLS_PER_FILM));
  /** For the documents: what was killed when. */
  const note = (kill: string) => {
    kills.push(kill);
    if (process.env.UPREEL_KILL_LOG) appendFileSync(process.env.UPREEL_KILL_LOG, `${kill}\n`);
  };

  test.each([
    ['x264 in .mp4', 'libx264', 'mp4', 1],
    ['FFV1 in .mkv', 'ffv1', 'mkv', 2],
  ])(
    'loses nothing that was finished: %s',
    async (_, encoder, extension, seed) => {
      const settings = { ...SEGMENTS, encoder };
      const reference = at(`whole-${encoder}.${extension}`);
      await upscaleInChild({ input: at('film.mp4'), output: reference, settings });

      const random = seededRandom(seed);
      for (let film = 0; film < FILMS; film++) {
        const job = {
          input: at('film.mp4'),
          output: at(`killed-${encoder}-${film}.${extension}`),
          settings,
          delayMs: 25,
        };
        let kept = 0;
        for (let kill = 0; kill < KILLS_PER_FILM; kill++) {
          const running = startClip(job);
          await momentToKill(running, random);
          running.child.kill('SIGKILL');
          await running.finished;
          expect(existsSync(job.output)).toBe(false);
          kept = expectKept(running.out(), kept);
          const stage = running.out().trim().split('\n').at(-1) ?? '';
          const folder = `${job.output}.upreel`;
          const parts = existsSync(folder)
            ? readdirSync(folder).filter((name) => /^segment-\d+\.json$/.test(name))
            : [];
          note(`${encoder} film ${film + 1}, kill ${kill + 1}: at "${stage}", ${parts.length} segments are safe`);
        }
        await upscaleInChild({ ...job, delayMs: 0 });
        expect(frameHashes(job.output)).toEqual(frameHashes(reference));
        expect(frameTimes(job.output)).toEqual(frameTimes(reference));
        expect(streamHashes(job.output, 'a')).toEqual(streamHashes(at('film.mp4'), 'a'));
        expect(readdirSync(folder).filter((name) => name.includes('.upreel'))).toEqual([]);
      }
    },
    1_200_000,
  );
});

describe('a job that was interrupted', () => {
  const settings = { ...SEGMENTS, segmentSeconds: 1, encoder: 'ffv1' };

  test('drains: the segment at work is finished and kept, and no more is begun', async () => {
    const job = { input: at('film.mp4'), output: at('drained.mkv'), settings, delayMs: 30 };
    const running = startClip(job);
    await until(() => /frames [1-9]/.test(running.out()), 30_000);
    running.child.kill('SIGINT');
    const { code, err } = await running.finished;
    expect([code, err]).toEqual([130, expect.stringContaining('interrupted')]);
    const names = readdirSync(`${job.output}.upreel`);
    expect(names).toContain('segment-00000.json');
    expect(names.filter((name) => name.includes('part'))).toEqual([]);
    const { code: end, out } = await startClip({ ...job, delayMs: 0 }).finished;
    expect([end, out]).toEqual([0, expect.stringMatching(/started after [1-9]/)]);
  });

  test.each([
    ['source', () => utimesSync(at('changing.mp4'), 1, 1), {}, 'the source has a time of change of 1000'],
    ['model', () => {}, { model: 'another' }, 'the model has id another, then it was copies'],
    ['settings', () => {}, { settings: { ...settings, quality: 50 } }, 'the settings has quality 50, then it was 70'],
  ])(
    'refuses to go on with another %s, and begins anew when told to',
    async (section, change, other, message) => {
      execFileSync('cp', [at('film.mp4'), at('changing.mp4')]);
      const job = { input: at('changing.mp4'), output: at(`changed-${section}.mkv`), settings, delayMs: 30 };
      await interrupt(job);
      change();
      const refused = await startClip({ ...job, ...other }).finished;
      expect(refused).toMatchObject({ code: 2, err: expect.stringContaining(message) });
      const anew = { ...job, ...other, delayMs: 0 };
      const done = await startClip({ ...anew, settings: { ...anew.settings, restart: true } }).finished;
      expect(done).toMatchObject({ code: 0, out: expect.stringContaining('started after 0') });
    },
    300_000,
  );

  test('is refused to a second runner while the first one works, also while that one is stopped', async () => {
    const job = { input: at('film.mp4'), output: at('two.mkv'), settings, delayMs: 60 };
    const first = startClip(job);
    await until(() => /frames [1-9]/.test(first.out()), 30_000);
    first.child.kill('SIGSTOP');
    const second = await startClip(job).finished;
    first.child.kill('SIGCONT');
    expect(second).toMatchObject({ code: 7, err: expect.stringContaining('job-running') });
    expect(await first.finished).toMatchObject({ code: 0 });
  });

  test('with its work folder elsewhere goes on there, and leaves nothing beside the output', async () => {
    const elsewhere = { ...settings, workDir: at('elsewhere') };
    const job = { input: at('film.mp4'), output: at('apart.mkv'), settings: elsewhere, delayMs: 30 };
    await interrupt(job);
    expect(readdirSync(folder).filter((name) => name.includes('apart.mkv'))).toEqual([]);
    expect(readdirSync(at('elsewhere'))).toHaveLength(1);
    expect(await startClip({ ...job, delayMs: 0 }).finished).toMatchObject({ code: 0 });
    expect(readdirSync(at('elsewhere'))).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.includes('apart.mkv'))).toEqual(['apart.mkv']);
  });
});

describe('ffmpeg', () => {
  const settings = { segmentSeconds: 4, encoder: 'ffv1', stallSeconds: 2 };

  test.each([
    ['decoder', 'SIGKILL'],
    ['encoder', 'SIGSTOP'],
    ['decoder', 'SIGSTOP'],
  ] as const)('whose %s gets %s is started again, and the film is the same', async (stage, signal) => {
    const job = { input: at('wide.mp4'), output: at(`${stage}-${signal}.mkv`), settings, delayMs: 30 };
    const running = startClip(job);
    const child = await until(() => {
      if (!/frames [1-9]/.test(running.out())) return null;
      const end = stage === 'encoder' ? 'pipe:0' : 'pipe:1';
      return descendantsOf(running.pid).find((pid) => commandOf(pid).includes(end));
    }, 30_000);
    process.kill(child, signal);
    const { code, out } = await running.finished;
    expect(code).toBe(0);
    expect(out).toContain('warning segment-retried');
    expect(lastFrames(out)).toBe(60);
    const whole = at('wide-whole.mkv');
    if (!existsSync(whole)) await upscaleInChild({ input: at('wide.mp4'), output: whole, settings });
    expect(frameHashes(job.output)).toEqual(frameHashes(whole));
  });

  test('that is slow because everything was stopped for a while is left alone', async () => {
    const job = { input: at('wide.mp4'), output: at('slept.mkv'), settings, delayMs: 30 };
    const running = startClip(job);
    await until(() => /frames [1-9]/.test(running.out()), 30_000);
    const family = [running.pid, ...descendantsOf(running.pid)];
    for (const pid of family) process.kill(pid, 'SIGSTOP');
    await sleep(4000);
    for (const pid of family.reverse()) process.kill(pid, 'SIGCONT');
    const { code, out } = await running.finished;
    expect(code).toBe(0);
    expect(out).not.toContain('segment-retried');
  });
});

describe.skipIf(!canMount())('a disk that is full (needs the right to mount)', () => {
  test('stops the work cleanly with exit code 6, and it goes on when there is room', async () => {
    mkdirSync(at('small'), { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=700k', 'tmpfs', at('small')]);
    try {
      const filler = at('small/filler');
      const noise = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=15:duration=4,noise=alls=30:allf=t'];
      ffmpeg(...noise, '-c:v', 'libx264', '-qp', '20', '-g', '15', '-pix_fmt', 'yuv420p', at('noisy.mp4'));
      writeFileSync(filler, Buffer.alloc(500_000));
      const settings = { ...SEGMENTS, encoder: 'libx264', quality: 100, spaceCheck: false };
      const job = { input: at('noisy.mp4'), output: at('small/out.mp4'), settings };
      const full = await startClip(job).finished;
      expect(full).toMatchObject({ code: 6, err: expect.stringContaining('No space left') });
      const kept = readdirSync(`${job.output}.upreel`).filter((name) => /^segment-\d+\.json$/.test(name));
      expect(kept.length).toBeGreaterThan(0);
      expect(readdirSync(`${job.output}.upreel`).filter((name) => /part|result|tmp/.test(name))).toEqual([]);
      execFileSync('mount', ['-o', 'remount,size=8m', at('small')]);
      rmSync(filler);
      const { code, out } = await startClip(job).finished;
      expect([code, out]).toEqual([0, expect.stringMatching(/started after [1-9]/)]);
      expect(frameTimes(job.output)).toHaveLength(60);
    } finally {
      execFileSync('umount', [at('small')]);
    }
  });

  test('is told with both numbers before the work, unless that is not wanted', async () => {
    mkdirSync(at('tiny'), { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at('tiny')]);
    try {
      const work = upscaleClip(at('film.mp4'), at('tiny/out.mkv'), { settings: { encoder: 'ffv1' } });
      await expect(work).rejects.toMatchObject({
        code: 'disk-full',
        message: expect.stringMatching(/has [\d.]+ kB free, and about [\d.]+ kB more are needed/),
      });
      expect(readdirSync(at('tiny'))).toEqual([]);
    } finally {
      execFileSync('umount', [at('tiny')]);
    }
  });
});

async function upscaleInChild(job: ClipJob): Promise<void> {
  expect(await startClip(job).finished).toMatchObject({ code: 0 });
}

/** Until some segments are committed, then kills. */
async function interrupt(job: ClipJob): Promise<void> {
  const running = startClip(job);
  const done = () => existsSync(`${job.output}.upreel/segment-00000.json`) || Number(lastFrames(running.out())) > 20;
  await until(done, 30_000);
  running.child.kill('SIGKILL');
  await running.finished;
}

/**
 * From before the first frame to the middle of the join; further on with each kill, so that there is something to keep.
 */
async function momentToKill({ out }: RunningClip, random: () => number): Promise<void> {
  const share = (random() + 1) / 2;
  const frames = () => lastFrames(out());
  await until(() => share < 0.1 || out().includes('started after'), 60_000);
  const first = /started after (\d+)/.exec(out())?.[1] ?? 0;
  await until(() => share < 0.2 || frames() >= Math.min(60, Number(first) + share * 24), 60_000);
  await sleep(share * 50);
}

/** What one run had found finished, the next finds too. */
function expectKept(out: string, before: number): number {
  const kept = /started after (\d+)/.exec(out)?.[1];
  if (kept === undefined) return before;
  expect(Number(kept)).toBeGreaterThanOrEqual(before);
  return Number(kept);
}

function lastFrames(out: string): number {
  return Number(
    /^frames (\d+)$/m.exec(
      out
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('frames'))
        .at(-1) ?? '',
    )?.[1] ?? -1,
  );
}

function frameHashes(file: string): string[] {
  const lines = ffmpeg('-i', file, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framemd5', '-')
    .toString()
    .split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(',').at(-1)!.trim());
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
