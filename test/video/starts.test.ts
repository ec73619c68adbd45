import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { findProgram } from '../../src/core/ffmpeg/program-path.ts';
import { ffmpeg, H264, pattern, temporaryFolder, tone } from '../support/clips.ts';
import { upscaleClip } from '../support/upscale-clip.ts';

/** To start ffmpeg takes a twelfth of a second of a core, and whoever has thousands of clips pays it for each. */
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const LOG = at('log');

/**
 * Programs that write a line each time that they are started, and become the real ones. Their version does not count:
 * only a script is asked for it, a real one is known by its file.
 */
beforeAll(async () => {
  for (const name of ['ffmpeg', 'ffprobe'] as const) {
    const real = (await findProgram(name))!;
    writeFileSync(at(name), `#!/bin/sh\n[ "$*" = -version ] || echo ${name} >> ${LOG}\nexec ${real} "$@"\n`, {
      mode: 0o755,
    });
  }
  ffmpeg(...pattern(1), ...H264, at('silent.mp4'));
  ffmpeg(...pattern(1), ...tone(1), ...H264, '-c:a', 'aac', at('sound.mp4'));
  ffmpeg(...pattern(1), '-vf', 'hue=s=0', ...H264, at('gray.mkv'));
  vi.stubEnv('FFMPEG_PATH', at('ffmpeg'));
  // What is tried once for all films: the encoder.
  await upscaleClip(at('silent.mp4'), at('first.mkv'));
});
beforeEach(() => writeFileSync(LOG, ''));

async function startsFor(film: string): Promise<Record<string, number>> {
  await upscaleClip(at(film), at(`${film}.mkv`));
  const names = readFileSync(LOG, 'utf8').trim().split('\n');
  return Object.fromEntries(['ffprobe', 'ffmpeg'].map((name) => [name, names.filter((it) => it === name).length]));
}

test('a silent clip is made by eight starts: what it is, looks at it, frames, and checks of what was written', async () => {
  // ffprobe: the file with its packets, its pictures' shapes, the segment, the result.
  // ffmpeg: a look at the picture, the decoder, the encoder, the join.
  expect(await startsFor('silent.mp4')).toEqual({ ffprobe: 4, ffmpeg: 4 });
});

test('sound takes three more: its trial with all that goes along, the trial read again, the result held against it', async () => {
  expect(await startsFor('sound.mp4')).toEqual({ ffprobe: 5, ffmpeg: 6 });
});

test('a gray clip, of which every frame was looked at, none', async () => {
  expect(await startsFor('gray.mkv')).toEqual({ ffprobe: 4, ffmpeg: 4 });
});
