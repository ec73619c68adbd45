import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  decodeRgb,
  ffmpeg,
  frameTimes,
  H264,
  pattern,
  streamHashes,
  temporaryFolder,
  tone,
  videoOf,
} from '../support/clips.ts';
import { startUpreel, upreel } from '../support/command.ts';
import { fromDist } from '../support/dist.ts';
import { MODEL_TEST_TIMEOUT, testModel, testModelEnv } from '../support/models.ts';
import { allEnded, descendantsOf, until } from '../support/processes.ts';

const MODEL = 'realesr-animevideov3-x2';
const CPU = ['-m', MODEL, '--device', 'cpu'];
const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  await testModel(MODEL);
  ffmpeg(...pattern(1, { size: '32x24', rate: '12' }), ...tone(1), ...H264, '-c:a', 'aac', at('clip.mp4'));
  ffmpeg(...pattern(30, { size: '64x48' }), ...tone(30), ...H264, '-c:a', 'aac', at('long.mp4'));
}, MODEL_TEST_TIMEOUT);

describe('upreel CLIP', () => {
  test('gives the same frames at the same times with the same sound, larger', async () => {
    const output = at('out.mkv');
    const { code, records } = await upreel([at('clip.mp4'), '-o', output, ...CPU, '--json', '--encoder', 'ffv1']);
    expect(code).toBe(0);
    expect(records[0]).toMatchObject({ type: 'started', kind: 'video', device: 'cpu', framesTotal: 12 });
    const progress = records.filter((record) => record.type === 'progress');
    expect(progress.at(-1)).toMatchObject({ framesDone: 12, framesTotal: 12 });
    expect(records.at(-1)).toEqual({ v: 1, type: 'exit', code: 0 });

    expect(videoOf(output)).toMatchObject({ codec_name: 'ffv1', width: 64, height: 48 });
    const [before, after] = [frameTimes(at('clip.mp4')), frameTimes(output)];
    expect(after.length).toBe(12);
    for (const [index, time] of after.entries()) expect(Math.abs(time - before[index]!)).toBeLessThan(0.001);
    expect(streamHashes(output, 'a')).toEqual(streamHashes(at('clip.mp4'), 'a'));
  });

  test('gives the same frames whether one session works or two', async () => {
    const run = (name: string, sessions: string) =>
      upreel([at('clip.mp4'), '-o', at(name), ...CPU, '--encoder', 'ffv1', '--sessions', sessions, '--no-tui']);
    await run('one.mkv', '1');
    await run('two.mkv', '2');
    expect(decodeRgb(at('one.mkv')).equals(decodeRgb(at('two.mkv')))).toBe(true);
  });

  test('gives the frames that the network makes of the source’s frames', async () => {
    const { upscaleImage } = await fromDist<typeof import('../../src/index.ts')>('index.js');
    Object.assign(process.env, testModelEnv());
    // Smooth and moving: hard colour edges would tell more of chroma subsampling than of the frames.
    const source = 'smptebars=size=48x32:rate=12:duration=0.5,boxblur=2:1,scroll=horizontal=0.15';
    ffmpeg('-f', 'lavfi', '-i', source, ...H264, at('smooth.mp4'));
    ffmpeg('-i', at('smooth.mp4'), '-frames:v', '1', at('first.png'));
    await upscaleImage(at('first.png'), { output: at('first.2x.png'), model: MODEL, device: 'cpu' });
    await upreel([at('smooth.mp4'), '-o', at('smooth.mkv'), ...CPU, '--encoder', 'ffv1', '--no-tui']);
    const still = luma(at('first.2x.png'), 0);
    // Luma only, since chroma is stored at half the size. The sixth frame shows how far off a wrong one is.
    const [right, wrong] = [0, 5].map((frame) => meanDifference(luma(at('smooth.mkv'), frame), still));
    expect(right).toBeLessThan(5);
    expect(wrong).toBeGreaterThan(5 * right!);
  });

  test('a supervisor killed with SIGKILL leaves neither engine nor ffmpeg, and no output', async () => {
    const running = startUpreel([at('long.mp4'), '-o', at('killed.mkv'), ...CPU, '--json']);
    const family = await until(() => {
      const pids = descendantsOf(running.pid);
      // The engine, the decoder and the encoder.
      return pids.length >= 3 && running.out().includes('"upscale"') ? pids : null;
    }, 40_000);
    running.child.kill('SIGKILL');
    await allEnded([running.pid, ...family], 8000);
    expect(
      (await readdir(folder)).filter((name) => name.startsWith('killed.mkv') && !name.endsWith('.upreel')),
    ).toEqual([]);
  });

  test('terminated, it ends at once with exit code 143, and leaves the job to go on with', async () => {
    const running = startUpreel([at('long.mp4'), '-o', at('stopped.mkv'), ...CPU, '--json']);
    await until(() => running.out().includes('"upscale"'), 40_000);
    const family = descendantsOf(running.pid);
    running.child.kill('SIGTERM');
    const { code, records } = await running.finished;
    expect(code).toBe(143);
    expect(records.at(-1)).toMatchObject({ type: 'exit', code: 143, error: { code: 'terminated' } });
    await allEnded(family, 5000);
    expect((await readdir(folder)).filter((name) => name.includes('stopped'))).toEqual(['stopped.mkv.upreel']);
  });
});

/** One frame's luma, full range. */
function luma(file: string, frame: number): Buffer {
  const filters = `select=eq(n\\,${frame}),scale=out_range=pc`;
  return ffmpeg('-i', file, '-vf', filters, '-frames:v', '1', '-pix_fmt', 'gray', '-f', 'rawvideo', '-');
}

function meanDifference(a: Buffer, b: Buffer): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, index) => sum + Math.abs(value - b[index]!), 0) / a.length;
}
