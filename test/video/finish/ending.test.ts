import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { UpreelError } from '../../../src/core/errors.ts';
import type { TaskEvent } from '../../../src/core/events.ts';
import { ffmpeg, H264, pattern, temporaryFolder, tone } from '../../support/clips.ts';
import { canMount } from '../../support/mount.ts';
import { nearestUpscaler } from '../../support/nearest-upscaler.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const hasProc = existsSync('/proc/self/status');

beforeAll(() => {
  ffmpeg(...pattern(8), ...tone(8), ...H264, '-c:a', 'aac', at('film.mp4'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const name of readdirSync(folder).filter((it) => it.includes('out.mkv'))) rmSync(at(name), { recursive: true });
});

describe('an abort', () => {
  test('in the middle leaves no process and no output, but the job to go on with', async () => {
    const stop = new AbortController();
    const onEvent = (event: TaskEvent) => {
      if (event.type !== 'progress' || event.framesDone < 10) return;
      if (hasProc) expect(childrenOf(process.pid)).toHaveLength(2);
      stop.abort();
    };
    const work = upscaleClip(at('film.mp4'), at('out.mkv'), { upscaler: SLOW, signal: stop.signal, onEvent });
    await expect(work).rejects.toMatchObject({ code: 'interrupted' });
    if (hasProc) expect(childrenOf(process.pid)).toEqual([]);
    expect(outputs()).toEqual(['out.mkv.upreel']);
    expect(readdirSync(at('out.mkv.upreel')).sort()).toEqual(['events.jsonl', 'job.json', 'plan.json', 'times.bin']);
  });

  test('says why when the reason is one of ours', async () => {
    const stop = new AbortController();
    const onEvent = (event: TaskEvent) =>
      event.type === 'started' && stop.abort(new UpreelError('terminated', 'Told to end.'));
    await expect(upscaleClip(at('film.mp4'), at('out.mkv'), { signal: stop.signal, onEvent })).rejects.toMatchObject({
      code: 'terminated',
    });
    expect(outputs()).toEqual(['out.mkv.upreel']);
  });

  test('before the start starts nothing', async () => {
    await expect(upscaleClip(at('film.mp4'), at('out.mkv'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'interrupted',
    });
    expect(outputs()).toEqual([]);
  });
});

describe('a failure', () => {
  test('of the network is reported as it is, and ends all else', async () => {
    let calls = 0;
    const upscaler = {
      ...nearestUpscaler(2),
      upscale: async (...args: Parameters<typeof SLOW.upscale>) => {
        if (++calls === 20) throw new UpreelError('out-of-memory', 'No memory for the smallest tile.');
        return nearestUpscaler(2).upscale(...args);
      },
    };
    await expect(upscaleClip(at('film.mp4'), at('out.mkv'), { upscaler })).rejects.toMatchObject({
      code: 'out-of-memory',
    });
    expect(outputs()).toEqual([]);
    if (hasProc) expect(childrenOf(process.pid)).toEqual([]);
  });

  test.skipIf(!hasProc).each(['decoder', 'encoder'])(
    'of a %s that is killed again and again is told as such, not as damage (needs /proc)',
    async (stage) => {
      const onEvent = (event: TaskEvent) => {
        if (event.type !== 'progress' || event.framesDone < 5) return;
        const isEncoder = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('pipe:0');
        for (const pid of childrenOf(process.pid))
          if (isEncoder(pid) === (stage === 'encoder')) process.kill(pid, 'SIGKILL');
      };
      await expect(upscaleClip(at('film.mp4'), at('out.mkv'), { upscaler: SLOW, onEvent })).rejects.toMatchObject({
        code: 'ffmpeg-failed',
        message: expect.stringContaining('SIGKILL'),
      });
      expect(childrenOf(process.pid)).toEqual([]);
      expect(outputs()).toEqual([]);
    },
  );

  test('to find ffmpeg says how to get it', async () => {
    vi.stubEnv('FFMPEG_PATH', at('nowhere/ffmpeg'));
    await expect(upscaleClip(at('film.mp4'), at('out.mkv'))).rejects.toMatchObject({
      code: 'ffmpeg-missing',
      hint: expect.stringContaining('apt install ffmpeg'),
    });
    expect(outputs()).toEqual([]);
  });

  test.skipIf(!canMount())(
    'of a full disk is told as such; with nothing finished the disk is left empty (needs the right to mount)',
    async () => {
      mkdirSync(at('small'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at('small')]);
      try {
        const work = upscaleClip(at('film.mp4'), at('small/out.mkv'), {
          settings: { encoder: 'ffv1', spaceCheck: false },
        });
        await expect(work).rejects.toMatchObject({ code: 'disk-full', exitCode: 6 });
        expect(readdirSync(at('small'))).toEqual([]);
      } finally {
        execFileSync('umount', [at('small')]);
      }
    },
  );
});

test.skipIf(!hasProc)(
  'kill -9 of our process ends its decoder and encoder, and no output has appeared (needs /proc)',
  async () => {
    const work = at('killed');
    mkdirSync(work);
    const child = startElsewhere(at('film.mp4'), join(work, 'film-x2.mkv'));
    await once(child.stdout ?? child, 'data');
    const children = childrenOf(child.pid ?? -1);
    expect(children).toHaveLength(2);
    child.kill('SIGKILL');
    await once(child, 'close');
    await vi.waitFor(() => expect(children.filter(isRunning)).toEqual([]), { timeout: 5000 });
    expect(readdirSync(work)).toEqual(['film-x2.mkv.upreel']);
  },
);

test.skipIf(!hasProc)(
  'memory does not grow with the length of the film (needs /proc)',
  async () => {
    const peaks: number[] = [];
    // The short one, too, is at work for longer than a second, after which it tells its memory.
    for (const seconds of [20, 60]) {
      ffmpeg(...pattern(seconds, { size: '128x96' }), ...H264, at(`long-${seconds}.mp4`));
      const child = startElsewhere(at(`long-${seconds}.mp4`), at(`long-${seconds}.mkv`), 'to-the-end');
      let told = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        told += chunk;
      });
      await once(child, 'close');
      peaks.push(Number(/peak (\d+)/.exec(told)?.[1]));
    }
    const [short = Number.NaN, long = Number.NaN] = peaks;
    // A tenth for the film, and one garbage collection's worth of frames.
    expect(long).toBeLessThan(short * 1.1 + 16e6);
  },
  240_000,
);

function outputs(): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('out.'));
}

const SLOW = nearestUpscaler(2, { delayMs: 30 });

/** Runs the built program's upscaleFilm in a process of its own; it tells on stdout when frames have been written. */
function startElsewhere(input: string, output: string, mode = 'slowly'): ChildProcess {
  const script = at(`run-${mode}.mjs`);
  const built = fileURLToPath(new URL('../../../dist/video/index.js', import.meta.url));
  writeFileSync(
    script,
    `import { upscaleFilm, videoSettingsSchema } from ${JSON.stringify(built)};
    const [, , input, output, mode] = process.argv;
    const upscale = async (source, { onTile }) => {
      if (mode === 'slowly') await new Promise((resolve) => setTimeout(resolve, 50));
      const data = new Uint8Array(source.data.length * 4);
      for (let offset = 0; offset < data.length; offset += source.data.length) data.set(source.data, offset);
      onTile(source.width * source.height * 4);
      return { ...source, width: source.width * 2, height: source.height * 2, data };
    };
    const upscaler = { scale: 2, device: 'test', lanes: 1, countTiles: () => 1, upscale, warmUp: async () => {} };
    let peak = 0;
    const onEvent = (event) => {
      if (event.type !== 'progress') return;
      peak = Math.max(peak, event.rssBytes);
      if (mode === 'slowly' && event.framesDone > 0) console.log('running');
    };
    const settings = videoSettingsSchema.parse({ encoder: 'ffv1', reuse: false });
    const job = { model: {}, flopsPerPixel: 0, program: 'a test', task: null };
    const { signal } = new AbortController();
    await upscaleFilm({ input, output, model: 'test', settings, job }, { upscaler, onEvent, signal, drain: signal });
    console.log('peak ' + peak);`,
  );
  return spawn(process.execPath, [script, input, output, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return /^Name:\s+ff/m.test(status) && Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) === parent;
    } catch {
      return false;
    }
  });
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
