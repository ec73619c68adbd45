import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ffmpeg, H264, pattern, temporaryFolder, tone } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

test('the report says what was done, how fast, and what was checked', async () => {
  ffmpeg(...pattern(1), ...tone(1), ...H264, '-c:a', 'aac', at('film.mkv'));
  const settings = { report: at('report.json'), levels: 'clip' } as const;
  const { warnings } = await upscaleClip(at('film.mkv'), at('out.mp4'), { settings });
  const report = JSON.parse(readFileSync(at('report.json'), 'utf8'));
  expect(report).toMatchObject({
    ...{ v: 1, input: at('film.mkv'), output: at('out.mp4'), model: 'nearest', device: 'test', frames: 25, warnings },
    source: { width: 64, height: 48, bytes: statSync(at('film.mkv')).size },
    result: { width: 128, height: 96, bytes: statSync(at('out.mp4')).size, encoder: 'libx264', pixelFormat: 'yuv420p' },
  });
  const names = report.stages.map((stage: { name: string }) => stage.name);
  expect(names).toEqual(['prepare', 'upscale', 'join', 'verify', 'publish']);
  const upscale = report.stages[1];
  expect(upscale.framesPerSecond).toBeCloseTo(25 / upscale.seconds, 0);
  expect(report.checks).toEqual(expect.arrayContaining([expect.stringContaining('25 frames')]));
  expect(report.reuse).toMatchObject({ frames: 25, share: expect.any(Number) });
});

test('a report never replaces a file unless told to', async () => {
  const size = statSync(at('film.mkv')).size;
  for (const [report, overwrite, code] of [
    [at('report.json'), false, 'output-exists'],
    [at('film.mkv'), true, 'usage'],
    [at('second.mp4'), true, 'usage'],
  ] as const) {
    const settings = { report, overwrite };
    await expect(upscaleClip(at('film.mkv'), at('second.mp4'), { settings })).rejects.toMatchObject({ code });
  }
  expect(existsSync(at('second.mp4'))).toBe(false);
  expect(statSync(at('film.mkv')).size).toBe(size);
});

test('a report of a still picture tells how much of the work was saved', async () => {
  ffmpeg('-f', 'lavfi', '-i', 'color=gray:size=64x48:rate=25:duration=1', ...H264, at('still.mp4'));
  await upscaleClip(at('still.mp4'), at('still-out.mp4'), { settings: { report: at('still.json') } });
  const { reuse } = JSON.parse(readFileSync(at('still.json'), 'utf8'));
  expect(reuse).toEqual({ frames: 25, framesUnchanged: 24, framesPartly: 0, framesOfWork: 1, share: 0.96 });
});

test('a film through a pipe has its report too', async () => {
  ffmpeg(...pattern(1), '-pix_fmt', 'yuv420p', at('film.y4m'));
  const streams = { input: createReadStream(at('film.y4m')), output: null };
  const settings = { report: at('piped.json') };
  await upscaleClip('-', at('piped.mkv'), { settings, streams });
  const report = JSON.parse(readFileSync(at('piped.json'), 'utf8'));
  expect(report).toMatchObject({ input: '-', frames: 25, result: { bytes: statSync(at('piped.mkv')).size } });
  expect(report.checks).toEqual(expect.arrayContaining([expect.stringContaining('25 frames')]));
});
