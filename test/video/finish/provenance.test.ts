import { readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Making, markFilm } from '../../../src/core/provenance.ts';
import { readFilmProvenance } from '../../../src/video/index.ts';
import { ffmpeg, H264, pattern, temporaryFolder } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const making: Making = {
  ...{ program: 'upreel 1.2.3', model: 'nearest "é" <&>', network: 'f'.repeat(64), device: 'test', preset: null },
  options: { pre: 'hqdn3d=3,unsharp' },
};
const { signal } = new AbortController();

beforeAll(() => {
  const tags = ['-metadata', 'comment=mine', '-metadata', 'UPREEL=upreel 0 of another film'];
  ffmpeg(...pattern(0.2), ...tags, ...H264, at('film.mkv'));
});

test.each(['mkv', 'webm', 'mp4', 'mov'])('a film in %s tells how it was made, and keeps its own tags', async (name) => {
  const encoder = name === 'webm' ? ({ encoder: 'libvpx-vp9', quality: 20 } as const) : {};
  const settings = { ...encoder, report: at(`${name}.json`) };
  await upscaleClip(at('film.mkv'), at(`out.${name}`), { settings, making });
  const provenance = { ...making, source: await markFilm(at('film.mkv')) };
  expect(await readFilmProvenance(at(`out.${name}`), signal)).toEqual(provenance);
  expect(JSON.parse(readFileSync(at(`${name}.json`), 'utf8')).provenance).toEqual(provenance);
  const bytes = readFileSync(at(`out.${name}`));
  expect([bytes.includes('mine'), bytes.includes('of another film'), bytes.includes(folder)]).toEqual([
    true,
    false,
    false,
  ]);
});

test.each(['mkv', 'mp4'])(
  'with strip nothing of it is in a film in %s, nor what its source was told of',
  async (name) => {
    await upscaleClip(at(`out.${name}`), at(`stripped.${name}`), { settings: { strip: true }, making });
    expect(await readFilmProvenance(at(`stripped.${name}`), signal)).toBeNull();
    const bytes = readFileSync(at(`stripped.${name}`));
    expect([bytes.includes('mine'), bytes.includes('upreel 1.2.3')]).toEqual([true, false]);
  },
);

test('a film may get the time of its source', async () => {
  const then = new Date('2001-02-03T04:05:06Z');
  utimesSync(at('film.mkv'), then, then);
  await upscaleClip(at('film.mkv'), at('old.mkv'), { settings: { keepTimes: true } });
  expect(statSync(at('old.mkv')).mtime).toEqual(then);
});
