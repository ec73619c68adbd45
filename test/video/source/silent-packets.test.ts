import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dropPictures } from '../../support/avi.ts';
import { ffmpeg, frameTimes, pattern, probe, temporaryFolder } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

const FRAMES = "select='not(between(n,10,14))*not(eq(n,30))*not(between(n,38,47))'";

/** Whole films of which a count of packets and one of pictures differ. */
const FILMS: [string, () => void][] = [
  ['whose middle is as before.avi', () => mpeg4((picture) => picture >= 4 && picture < 11)],
  ['that ends as before.avi', () => mpeg4((picture) => [12, 45, 46, 47, 48, 49].includes(picture))],
  ['that stands still from its third picture on.avi', () => mpeg4((picture) => picture >= 3)],
  ['of packed B-frames.avi', () => ffmpeg(...pattern(2), '-c:v', 'libxvid', '-bf', '2', name)],
  ['of a capture that dropped frames.avi', () => capture('mjpeg')],
  ['of a capture in MPEG-4 that dropped frames.avi', () => capture('mpeg4')],
  ['of a screen that hardly moves.mov', () => still('qtrle')],
  ['of a screen in Flash.flv', () => still('flashsv')],
  ['whose encoder leaves repeats out.ogv', () => still('libtheora')],
];
let name = '';

function mpeg4(isChosen: (picture: number) => boolean): void {
  ffmpeg(...pattern(2), '-c:v', 'mpeg4', '-g', '100', name);
  const film = readFileSync(name);
  expect(dropPictures(film, isChosen)).toBeGreaterThan(0);
  writeFileSync(name, film);
}

function capture(codec: string): void {
  ffmpeg(...pattern(2), '-vf', FRAMES, '-fps_mode', 'vfr', '-c:v', codec, name);
}

function still(codec: string): void {
  ffmpeg('-f', 'lavfi', '-i', 'color=gray:s=64x48:r=25:d=2', '-c:v', codec, name);
}

describe('A film', () => {
  test.each(FILMS)('%s is whole: each picture at its own time', async (title, make) => {
    name = at(title);
    make();
    const { framesTotal, warnings } = await upscaleClip(name, at('out.mkv'), {
      settings: { encoder: 'ffv1', overwrite: true, segmentSeconds: 0.5 },
    });
    const shown = decodedTimes(name);
    expect(framesTotal).toBe(shown.length);
    expect(framesTotal).toBeGreaterThan(2);
    for (const [index, time] of frameTimes(at('out.mkv')).entries()) {
      // ffprobe has no time for the picture that is left in the decoder at the end.
      if (!Number.isNaN(shown[index])) expect(Math.abs(time - shown[index]!)).toBeLessThanOrEqual(0.0011);
    }
    const silent = packetsOf(name) - shown.length;
    const told = warnings.filter(({ code }) => code === 'frames-hidden').map(({ message }) => message);
    expect(told.join()).toMatch(silent > 0 ? new RegExp(`^${silent} of \\d+ packets .* mean "as before"`) : /^$/);
    // Every picture is the source's: doubled and halved again.
    const halved = grays(at('out.mkv'), 'scale=iw/2:ih/2:flags=neighbor,');
    const before = grays(name, '');
    expect(halved.length).toBe(before.length);
    for (let frame = 0; frame * PIXELS < before.length; frame++) {
      expect(distance(before, halved, frame)).toBeLessThan(2);
    }
  });

  test('that ends as before lasts as long as its packets', async () => {
    name = at('long.avi');
    mpeg4((picture) => picture >= 3);
    await upscaleClip(name, at('long.mkv'));
    expect(Number(probe(at('long.mkv')).format.duration)).toBeCloseTo(2, 2);
  });

  test('that is cut off is refused all the same', async () => {
    name = at('cut.avi');
    mpeg4((picture) => picture > 40);
    writeFileSync(name, readFileSync(name).subarray(0, -4000));
    await expect(upscaleClip(name, at('cut.mkv'))).rejects.toMatchObject({ code: 'input-damaged' });
  });
});

const PIXELS = 64 * 48;

function grays(file: string, filter: string): Buffer {
  return ffmpeg('-i', file, '-fps_mode', 'passthrough', '-vf', `${filter}format=gray`, '-an', '-f', 'rawvideo', '-');
}

/** Mean over the pixels of one frame, in levels. */
function distance(left: Buffer, right: Buffer, frame: number): number {
  let sum = 0;
  for (let at = frame * PIXELS; at < (frame + 1) * PIXELS; at++) sum += Math.abs(left[at]! - right[at]!);
  return sum / PIXELS;
}

function packetsOf(file: string): number {
  const count = ['-count_packets', '-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0'];
  return Number.parseInt(
    execFileSync('ffprobe', ['-v', 'error', '-select_streams', 'v:0', ...count, file], { encoding: 'utf8' }),
    10,
  );
}

/** Seconds at which ffmpeg shows pictures. */
function decodedTimes(file: string): number[] {
  const show = ['-select_streams', 'v:0', '-show_entries', 'frame=best_effort_timestamp_time', '-of', 'csv=p=0'];
  const text = execFileSync('ffprobe', ['-v', 'error', ...show, file], { encoding: 'utf8' });
  return text.trim().split('\n').map(Number.parseFloat);
}
