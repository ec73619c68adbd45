import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expandInputs } from '../../src/cli/inputs/inputs.ts';
import { planOutputs } from '../../src/cli/inputs/outputs.ts';
import { ffmpeg, frameTimes, H264, pattern, temporaryFolder, videoOf } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';

const MODEL = 'realesr-animevideov3-x2';
const CPU = ['-m', MODEL, '--device', 'cpu', '--foreground', '--no-tui'];
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  await testModel(MODEL);
  for (const name of ['seq', 'mixed', 'films', 'one', 'layers']) mkdirSync(at(name));
  ffmpeg(...pattern(0.8, { size: '32x24', rate: '10' }), at('seq/%04d.png'));
  ffmpeg(...pattern(0.4), ...H264, at('films/a.mp4'));
  for (const name of ['films/b.mp4', 'mixed/a.mp4', 'one/a.mp4']) copyFileSync(at('films/a.mp4'), at(name));
  copyFileSync(at('seq/0001.png'), at('mixed/0001.png'));
  for (const name of ['beauty.1', 'beauty.2', 'depth.1']) copyFileSync(at('seq/0001.png'), at(`layers/${name}.png`));
  for (const name of ['seq/._0001.png', 'seq/.DS_Store', 'seq/render.log']) writeFileSync(at(name), 'no picture');
}, MODEL_TEST_TIMEOUT);

const seq = () =>
  readdirSync(at('seq'))
    .filter((name) => /^\d+\.png$/.test(name))
    .map((name) => at(`seq/${name}`));

describe('several pictures with a film’s name for the result', () => {
  const expand = (paths: readonly string[], output: string, recursive = false) =>
    expandInputs(paths.map(at), { output: at(output), recursive });
  const pattern4 = () => ({ path: at('seq/%04d.png'), kind: 'video', below: null });

  test.each(['film.mkv', 'film.MP4', 'film.m4v', 'film.mov', 'film.webm', 'out/%06d.png'])(
    '%s are a film',
    async (name) => {
      for (const paths of [
        ['seq'],
        ['seq/*.png'],
        ['seq/%04d.png'],
        seq().map((path) => path.slice(folder.length + 1)),
      ]) {
        expect((await expand(paths, name)).inputs).toEqual([pattern4()]);
      }
      const { inputs } = await expand(['seq'], name);
      expect(await planOutputs(inputs, at(name))).toEqual([{ kind: 'file', path: at(name) }]);
    },
  );

  test('are a film of some of them where only some are named', async () => {
    const { inputs } = await expand(['seq/0002.png', 'seq/0001.png'], 'film.mkv');
    expect(inputs).toEqual([
      { path: at('seq'), kind: 'video', below: null, frames: [at('seq/0001.png'), at('seq/0002.png')] },
    ]);
  });

  test.each(['out', 'out/', 'film.mkv/'])('%s are a batch of pictures', async (output) => {
    const { inputs } = await expandInputs([at('seq')], { output: `${folder}/${output}`, recursive: false });
    expect(inputs.map(({ kind }) => kind)).toEqual(Array.from({ length: 8 }, () => 'image'));
  });

  test('are a batch where a folder has the name already', async () => {
    mkdirSync(at('taken.mkv'));
    expect((await expand(['seq'], 'taken.mkv')).inputs.length).toBe(8);
    rmSync(at('taken.mkv'), { recursive: true });
  });

  test.each([
    [['films'], 'names one film, but the inputs are 2 videos'],
    [['mixed'], 'names one film, but the inputs are 2 pictures and videos (a.mp4)'],
    [['layers'], 'several sequences'],
    [['seq', 'layers/beauty.1.png'], '2 folders'],
  ])('are refused in %j', async (paths, message) => {
    await expect(expand(paths, 'film.mkv')).rejects.toThrow(message);
  });

  test('a folder with one film is that film', async () => {
    expect((await expand(['one'], 'film.mkv')).inputs).toEqual([{ path: at('one/a.mp4'), kind: 'video', below: null }]);
  });

  test('a pattern without a result is a film beside its folder', async () => {
    const { inputs } = await expandInputs([at('seq/%04d.png')], { output: undefined, recursive: false });
    expect(await planOutputs(inputs, undefined)).toEqual([{ kind: 'derived', folder, stem: 'seq', extension: '.mkv' }]);
  });

  test('a file that is named like a pattern is that file', async () => {
    mkdirSync(at('own'));
    copyFileSync(at('seq/0001.png'), at('own/%04d.png'));
    const { inputs } = await expandInputs([at('own/%04d.png')], { output: undefined, recursive: false });
    expect(inputs).toEqual([{ path: at('own/%04d.png'), kind: 'image', below: null }]);
  });
});

describe('upreel FRAMES', () => {
  beforeEach(() => {
    ffmpeg('-f', 'lavfi', '-i', 'sine=duration=1', at('tone.wav'));
  });

  test('makes the film, with the rate and the sound that were asked for', async () => {
    const args = [at('seq'), '-o', at('film.mkv'), '--fps', '25', '--sound', at('tone.wav'), '--trim', '-0.2', ...CPU];
    const { code, err } = await upreel(args);
    expect(code, err).toBe(0);
    expect(err).toContain('Frames 1 to 8: 8 pictures of');
    expect(frameTimes(at('film.mkv')).map((time) => Math.round(25 * time))).toEqual([0, 1, 2, 3, 4]);
    expect(videoOf(at('film.mkv'))).toMatchObject({ width: 64, height: 48, r_frame_rate: '25/1' });
    const again = await upreel([at('seq'), '-o', at('film.mkv'), ...CPU]);
    expect(again).toMatchObject({ code: 2 });
    expect(again.err).toContain('exists already');
  });

  test('says what is missing, and leaves nothing behind', async () => {
    mkdirSync(at('holes'));
    for (const number of [1, 2, 5]) copyFileSync(at('seq/0001.png'), at(`holes/f${number}.png`));
    const { code, err } = await upreel([at('holes/*.png'), '-o', at('holes.mkv'), ...CPU]);
    expect({ code, err }).toMatchObject({ code: 3, err: expect.stringContaining('are missing: 3 to 4.') });
    expect(err).toContain('--gaps hold');
    expect(readdirSync(folder).filter((name) => name.startsWith('holes'))).toEqual(['holes']);
  });
});
