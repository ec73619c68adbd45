import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { beforeAll, expect, test, vi } from 'vitest';
import type { TaskDone, TaskEvent } from '../../src/index.ts';
import { checkedOptions, PICTURE_OPTIONS, VIDEO_OPTIONS } from '../../src/library/check-options.ts';
import { PRESETS } from '../../src/library/presets.ts';
import { videoSettingsSchema } from '../../src/video/index.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { ffmpeg, frameTimes, H264, pattern, temporaryFolder, videoOf } from '../support/clips.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
// The built one: its engine is a process of its own.
const { upscaleImage, upscaleVideo } = (await import(
  '../../dist/index.js' as string
)) as typeof import('../../src/index.ts');

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  vi.stubEnv('UPREEL_CACHE', at('cache'));
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 2, 2, 7)));
  writeFileSync(
    at('photo.png'),
    ffmpeg(...pattern(1, { size: '8x6' }), '-frames:v', '1', '-c:v', 'png', '-f', 'image2pipe', '-'),
  );
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

test('upscaleImage filters before the network, and refuses what is no filter', async () => {
  const bytes = async (pre: string | undefined) =>
    (await upscaleImage(readFileSync(at('photo.png')), { ...network, strip: true, ...(pre && { pre }) })).data;
  const [plain, filtered] = [await bytes(undefined), await bytes('median')];
  expect(filtered.equals(plain)).toBe(false);
  await expect(bytes('movie=/etc/passwd')).rejects.toMatchObject({
    ...{ code: 'usage', message: expect.stringMatching(/option pre .*the filter movie is not one of/) },
  });
});

test('a preset counts below what is said by name, and stands in the result', async () => {
  const options = { ...network, output: at('preset.mkv'), preset: 'vhs', report: at('preset.json') };
  await upscaleVideo(at('film.mp4'), { ...options, levels: 'keep', threads: 1, nice: 5 });
  const { provenance } = JSON.parse(readFileSync(at('preset.json'), 'utf8'));
  expect(provenance).toMatchObject({ preset: 'vhs', model: 'tiny', options: { levels: 'keep' } });
  expect(provenance.options.pre).toContain('chromanr');
});

test('every flag of a preset is an option of the library', () => {
  for (const [name, { both, pictures, video }] of Object.entries(PRESETS)) {
    for (const [kind, own, known] of [
      ['pictures', pictures, PICTURE_OPTIONS],
      ['video', video, VIDEO_OPTIONS],
    ] as const) {
      const options: object = checkedOptions(kind, { preset: name }, known);
      expect(Object.keys(options)).toHaveLength(new Set(Object.keys({ ...both, ...own, preset: name })).size);
      expect(() => checkedOptions(kind, options, known)).not.toThrow();
    }
  }
});

test('bytes of a picture give bytes, or a file', async () => {
  const input = readFileSync(at('photo.png'));
  const events: TaskEvent[] = [];
  const onEvent = (event: TaskEvent) => void events.push(event);
  const { data, frames } = await upscaleImage(input, { ...network, format: 'webp', onEvent });
  expect(await sharp(data).metadata()).toMatchObject({ format: 'webp', width: 16, height: 12 });
  expect([frames, events.at(-1)?.type]).toEqual([1, 'done']);
  expect(existsSync(dirname((events.at(-1) as TaskDone).output))).toBe(false);
  expect(await upscaleImage(input, { ...network, output: at('out.png') })).toMatchObject({ output: at('out.png') });
  const broken = upscaleImage(Buffer.from('no picture'), { ...network, onEvent });
  await expect(broken).rejects.toMatchObject({ code: 'input-unsupported' });
  expect(events.at(-1)).toMatchObject({ type: 'failed', error: { code: 'input-unsupported' } });
});

test('a film with hours or a command for its end is a job: it waits, and the command runs', async () => {
  const command = `node -e "require('fs').writeFileSync(process.argv[1], process.env.UPREEL_STATE)" ${at('ended')}`;
  await upscaleVideo(at('film.mp4'), { ...network, output: at('job.mkv'), onDone: command, only: '00:00-23:59' });
  expect(readFileSync(at('ended'), 'utf8')).toBe('done');
  const film = { ...network, output: at('never.mkv') };
  await expect(upscaleVideo(at('film.mp4'), { ...film, only: 'at night' })).rejects.toMatchObject({ code: 'usage' });
});

test.each([
  [{ qualty: 3 }, 'Did you mean quality?'],
  [{ tilepx: 3 }, 'Did you mean tilePx?'],
  [{ preset: 'vsh' }, 'vhs'],
  [{ nice: 20 }, null],
  [{ threads: 0 }, null],
  [{ nonsense: true }, 'docs/library.md'],
])('%j is refused by both, by name', async (options, hint) => {
  const wrong = { ...network, ...options } as object;
  for (const call of [upscaleImage(at('photo.png'), wrong), upscaleVideo(at('film.mp4'), wrong)]) {
    const message = expect.stringContaining(
      String(Object.keys(options)[0] === 'preset' ? 'vsh' : Object.keys(options)[0]),
    );
    await expect(call).rejects.toMatchObject({ code: 'usage', message });
    if (hint !== null) await expect(call).rejects.toMatchObject({ hint: expect.stringContaining(hint) });
  }
});

test.each([
  { quality: 101 },
  { effort: 'most' },
  { gray: 'maybe' },
  { flatten: 'white' },
  { crop: { x: 0, y: 0, width: 0, height: 4 } },
  { pre: 'movie=secret.mp4' },
  { maxInputMegapixels: 0 },
])('%j is refused for pictures, by name, before any work', async (options) => {
  const output = at('never.png');
  const message = expect.stringContaining(String(Object.keys(options)[0]));
  const call = upscaleImage(at('photo.png'), { ...network, ...options, output } as object);
  await expect(call).rejects.toMatchObject({ code: 'usage', message });
  expect(existsSync(output)).toBe(false);
});

test('what only the other kind has is refused', async () => {
  await expect(upscaleImage(at('photo.png'), { trim: null } as object)).rejects.toMatchObject({ code: 'usage' });
  await expect(upscaleVideo(at('film.mp4'), { flatten: '#ffffff' } as object)).rejects.toMatchObject({ code: 'usage' });
});

test('CommonJS can require it', () => {
  const script = "console.log(Object.keys(require('upreel')).includes('upscaleImage'))";
  const root = fileURLToPath(new URL('../..', import.meta.url));
  expect(execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' })).toBe('true\n');
});

test('docs/library.md lists every option', () => {
  const text = readFileSync(new URL('../../docs/library.md', import.meta.url), 'utf8');
  const names = [
    ...Object.keys(videoSettingsSchema.unwrap().shape),
    ...Object.keys({ ...VIDEO_OPTIONS, ...PICTURE_OPTIONS }),
  ];
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
