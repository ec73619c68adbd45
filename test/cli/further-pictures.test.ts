import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { ffmpeg, temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  await testModel('realesr-general-x4v3');
  mkdirSync(at('in'));
  const source = ['-f', 'lavfi', '-i', 'testsrc=size=32x24:rate=1:duration=2'];
  const one = ['-frames:v', '1', '-update', '1'];
  ffmpeg(
    ...source,
    ...[...one, at('in', 'paint.bmp'), ...one, '-pix_fmt', 'gbrpf32le', at('in', 'render.exr')],
    ...['-f', 'apng', '-plays', '3', at('in', 'star.png')],
  );
}, MODEL_TEST_TIMEOUT);

test('a folder of pictures that libvips does not decode becomes PNG and WebP, and an APNG a film if one is asked for', async () => {
  const all = await upreel([at('in'), '-o', at('out'), '--device', 'cpu', '--no-tui', '--foreground']);
  expect(all.code, all.err).toBe(0);
  expect((await readdir(at('out'))).sort()).toEqual([
    'paint.upreel-4x.png',
    'render.upreel-4x.png',
    'star.upreel-4x.webp',
  ]);
  expect(await sharp(at('out', 'render.upreel-4x.png')).metadata()).toMatchObject({ width: 128, depth: 'ushort' });
  expect(await sharp(at('out', 'star.upreel-4x.webp')).metadata()).toMatchObject({
    pages: 2,
    loop: 3,
    delay: [1000, 1000],
  });
  expect(all.err + all.out).toMatch(/render\.exr holds linear light/);

  const film = await upreel([
    at('in', 'star.png'),
    '-o',
    at('star.mkv'),
    '--device',
    'cpu',
    '--no-tui',
    '--foreground',
  ]);
  expect(film.code, film.err).toBe(0);
  writeFileSync(at('scan.cin'), Buffer.from('\x80\x2a\x5f\xd7\0\0\0\0', 'latin1'));
  const refused = await upreel([at('scan.cin'), '--no-tui', '--foreground']);
  expect(refused.code).toBe(3);
  expect(refused.err).toMatch(/scan\.cin is a Cineon picture/);
});
