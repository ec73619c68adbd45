import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { videoSettingsSchema } from '../src/video/index.ts';
import { randomCompact } from './core/model/writers/random-networks.ts';
import { writeSafetensors } from './core/model/writers/safetensors-writer.ts';
import { ffmpeg, frameTimes, H264, pattern, temporaryFolder, videoOf } from './support/clips.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
// The built one: its engine is a process of its own.
const { upscaleVideo } = (await import('../dist/index.js' as string)) as typeof import('../src/index.ts');

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  vi.stubEnv('UPREEL_CACHE', at('cache'));
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 2, 2, 7)));
  ffmpeg(...pattern(2, { rate: '10' }), ...H264, at('film.mp4'));
});

const network = { model: at('tiny.safetensors'), device: 'cpu' } as const;

test('upscaleVideo takes the settings of video by name', async () => {
  const { frames, output } = await upscaleVideo(at('film.mp4'), {
    ...{ ...network, output: at('part.mov'), encoder: 'prores_ks', chroma: '444', report: at('report.json') },
    ...{ trim: { startSeconds: 0.5, endSeconds: 1.5 }, crop: { x: 8, y: 4, width: 40, height: 36 }, reuse: false },
    ...{ fps: { num: 5, den: 1 }, pre: 'hqdn3d=2', target: { scale: 3 }, segmentSeconds: 0.4 },
  });
  expect([frames, frameTimes(output).length]).toEqual([5, 5]);
  expect(videoOf(output)).toMatchObject({ codec_name: 'prores', width: 120, height: 108 });
  expect(JSON.parse(readFileSync(at('report.json'), 'utf8'))).toMatchObject({ frames: 5 });
});

test.each([
  [{ chroma: '411' }, /option chroma/],
  [{ trim: { startSeconds: 5, endSeconds: 2 } }, /it ends before it starts/],
  [{ pre: 'movie=/etc/passwd' }, /option pre/],
  [{ encoder: 'libx266' }, /option encoder/],
])('upscaleVideo refuses %j as usage', async (options, message) => {
  const call = async () => upscaleVideo(at('film.mp4'), { ...network, ...(options as object), output: at('no.mkv') });
  await expect(call()).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
});

test('docs/library.md lists every setting of video', () => {
  const text = readFileSync(new URL('../docs/library.md', import.meta.url), 'utf8');
  const names = Object.keys(videoSettingsSchema.unwrap().shape);
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
