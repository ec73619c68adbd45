import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeRgb, ffmpeg, frameTimes, probe, temporaryFolder, tone, videoOf } from '../../support/clips.ts';
import { makeFrames, messages, twice } from '../../support/frame-files.ts';
import { startClip } from '../../support/run-clip.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

describe('a film of pictures', () => {
  beforeAll(() => {
    makeFrames(at('film'), '%04d.png', 30);
    ffmpeg(...tone(2), '-c:a', 'flac', at('tone.flac'));
    ffmpeg(...tone(2), '-c:a', 'libmp3lame', at('tone.mp3'));
    ffmpeg(...tone(2), '-output_ts_offset', '5', '-c:a', 'aac', '-f', 'mpegts', at('late.ts'));
  });
  const film = at('film/%04d.png');

  test.each([
    [undefined, 1 / 24, '24/1'],
    [{ num: 25, den: 1 }, 1 / 25, '25/1'],
    [{ num: 24000, den: 1001 }, 1001 / 24000, '24000/1001'],
  ])('at a rate of %j has every frame at its time', async (fps, step, rate) => {
    const output = at(`rate-${step}.mp4`);
    const { events } = await upscaleClip(film, output, { settings: fps === undefined ? {} : { fps } });
    for (const [index, time] of frameTimes(output).entries())
      expect(Math.abs(time - index * step)).toBeLessThan(0.0001);
    expect(frameTimes(output).length).toBe(30);
    expect(videoOf(output)).toMatchObject({ r_frame_rate: rate });
    expect(messages(events, 'frames')[0]).toContain(`at ${rate.replace(/\/1$/, '')}`);
    expect(messages(events, 'frames')[0]).toContain('Frames 1 to 30: 30 pictures of');
  });

  test('is the same in segments, and begins each at its own picture', async () => {
    const settings = { encoder: 'ffv1', reuse: false } as const;
    await upscaleClip(film, at('whole.mkv'), { settings });
    await upscaleClip(film, at('parts.mkv'), { settings: { ...settings, segmentSeconds: 0.2 } });
    expect(decodeRgb(at('parts.mkv')).equals(decodeRgb(at('whole.mkv')))).toBe(true);
    expect(frameTimes(at('parts.mkv'))).toEqual(frameTimes(at('whole.mkv')));
  });

  test.each([
    [{ startSeconds: 0.5, endSeconds: 1 }, 12, 24],
    [{ startSeconds: 1, endSeconds: null }, 24, 30],
    [{ startSeconds: 0, endSeconds: 0.25 }, 0, 6],
  ])('has the part %j', async (trim, first, end) => {
    const output = at(`trim-${first}/%d.png`);
    await upscaleClip(film, output, { settings: { trim, reuse: false, segmentSeconds: 0.1 } });
    expect(readdirSync(at(`trim-${first}`)).length).toBe(end - first);
    const number = String(first + 1).padStart(4, '0');
    expect(decodeRgb(at(`trim-${first}/1.png`)).equals(twice(decodeRgb(at(`film/${number}.png`)), 46, 30, 3))).toBe(
      true,
    );
  });

  test('is cropped', async () => {
    const crop = { width: 20, height: 10, x: 5, y: 3 };
    await upscaleClip(film, at('crop/%d.png'), { settings: { crop, reuse: false } });
    const source = decodeRgb(at('film/0001.png'), '-vf', 'crop=20:10:5:3');
    expect(decodeRgb(at('crop/1.png')).equals(twice(source, 20, 10, 3))).toBe(true);
  });

  test.each([
    ['tone.flac', 'mkv', 'flac', 0],
    ['tone.mp3', 'mp4', 'mp3', 0.03],
    ['late.ts', 'mkv', 'aac', 0.025],
  ])('gets the sound of %s in %s, from its first frame on', async (sound, extension, codec, tolerance) => {
    const output = at(`${sound}.${extension}`);
    const { events } = await upscaleClip(film, output, { settings: { sound: at(sound) } });
    const streams = probe(output).streams.filter(({ codec_type }) => codec_type === 'audio');
    expect(streams.map(({ codec_name }) => codec_name)).toEqual([codec]);
    const samples = (file: string) => ffmpeg('-i', file, '-map', '0:a', '-ac', '1', '-ar', '44100', '-f', 's16le', '-');
    const [before, after] = [samples(at(sound)), samples(output)];
    // MP4 does not say what of the last packet of MP3 is silence that was added.
    const bytes = Math.min(before.length, after.length);
    expect(after.length - before.length).toBeLessThanOrEqual(codec === 'mp3' ? 4608 : 0);
    expect(after.subarray(0, bytes).equals(before.subarray(0, bytes))).toBe(true);
    const start = ffmpeg('-copyts', '-i', output, '-map', '0:a', '-f', 'framecrc', '-').toString();
    expect(Math.abs(firstTime(start))).toBeLessThanOrEqual(tolerance);
    expect(messages(events, 'sound-length')[0]).toContain('the pictures 1.250 s; --trim -1.250 cuts both');
  });

  test('goes on after kill -9, and is the one that was never stopped', async () => {
    const settings = { encoder: 'ffv1', segmentSeconds: 0.25, sound: at('tone.flac') };
    const running = startClip({ input: film, output: at('killed.mkv'), settings, delayMs: 60 });
    // A first segment is kept, and there are more to come.
    await until(() => existsSync(at('killed.mkv.upreel/segment-00000.json')));
    running.child.kill('SIGKILL');
    await running.finished;
    const again = await startClip({ input: film, output: at('killed.mkv'), settings }).finished;
    expect(again.code, again.err).toBe(0);
    expect(Number(/started after (\d+)/.exec(again.out)?.[1])).toBeGreaterThan(0);
    const whole = await startClip({ input: film, output: at('never.mkv'), settings }).finished;
    expect(whole.code, whole.err).toBe(0);
    expect(decodeRgb(at('killed.mkv')).equals(decodeRgb(at('never.mkv')))).toBe(true);
    expect(frameTimes(at('killed.mkv'))).toEqual(frameTimes(at('never.mkv')));
  });

  test('that was begun does not go on with other pictures', async () => {
    makeFrames(at('changing'), '%d.png', 40);
    const settings = { segmentSeconds: 0.1 };
    const running = startClip({ input: at('changing/%d.png'), output: at('changing.mkv'), settings, delayMs: 60 });
    await until(() => /frames ([5-9]|[12][0-9])/.test(running.out()));
    running.child.kill('SIGKILL');
    await running.finished;
    copyFileSync(at('film/0001.png'), at('changing/11.png'));
    const again = await startClip({ input: at('changing/%d.png'), output: at('changing.mkv'), settings }).finished;
    expect(again).toMatchObject({ code: 2 });
    expect(again.err).toContain('was begun with something else');
  });

  test('has names that no shell and no program takes for more than names', async () => {
    const names = ['-1 "a\'b" %20 $(x)\n;', 'é %5 [1-2] {a,b} \\'];
    for (const [index, name] of names.entries()) {
      mkdirSync(at(`odd ${index} %d`));
      for (const number of [1, 2])
        copyFileSync(at('film/0001.png'), join(at(`odd ${index} %d`), `${name}${number}.png`));
      const { framesTotal } = await upscaleClip(join(at(`odd ${index} %d`), `${name}%d.png`), at(`odd-${index}.mkv`));
      expect(framesTotal).toBe(2);
    }
  });
});

function firstTime(framecrc: string): number {
  const [, num, den] = /^#tb 0: (\d+)\/(\d+)/m.exec(framecrc) ?? [];
  return (Number(/^0,\s*-?\d+,\s*(-?\d+)/m.exec(framecrc)?.[1]) * Number(num)) / Number(den);
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 30_000) throw new Error('Expected it sooner.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
