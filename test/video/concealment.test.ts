import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ffmpeg, frameTimes, H264, pattern, probe, temporaryFolder, tone } from '../support/clips.ts';
import { upscaleClip } from '../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const CONCEAL = { onDecodeError: 'conceal' } as const;

describe('damage that is to be concealed', () => {
  beforeAll(() => {
    ffmpeg(...pattern(4), ...tone(4), ...H264, '-c:a', 'aac', at('film.mkv'));
  });

  test('in the middle costs no time and is counted', async () => {
    const bytes = readFileSync(at('film.mkv'));
    bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 1500);
    writeFileSync(at('hole.mkv'), bytes);
    await expect(upscaleClip(at('hole.mkv'), at('refused.mkv'))).rejects.toMatchObject({
      code: 'input-damaged',
      message: expect.stringMatching(/damaged after frame \d+ \(at 0:00:0\d/),
    });
    const { framesTotal, warnings } = await upscaleClip(at('hole.mkv'), at('patched.mkv'), { settings: CONCEAL });
    const messages = warnings.filter(({ code }) => code === 'damage').map(({ message }) => message);
    expect(messages[0]).toMatch(/is damaged after frame/);
    expect(framesTotal).toBeGreaterThan(80);
    // What is there is where it was.
    const before = frameTimes(at('film.mkv'));
    for (const time of frameTimes(at('patched.mkv'))) {
      expect(Math.min(...before.map((other) => Math.abs(other - time)))).toBeLessThanOrEqual(0.001);
    }
  });

  test('in the pictures themselves is patched or left out, and counted', async () => {
    ffmpeg('-i', at('film.mkv'), '-c', 'copy', at('film.mp4'));
    const bytes = readFileSync(at('film.mp4'));
    bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 3000);
    writeFileSync(at('hole.mp4'), bytes);
    const { framesTotal, warnings } = await upscaleClip(at('hole.mp4'), at('hole-out.mkv'), { settings: CONCEAL });
    const messages = warnings.filter(({ code }) => code === 'damage').map(({ message }) => message);
    expect(messages.join('\n')).toMatch(/\d+ of \d+ pictures (are damaged in the source|could not be decoded)/);
    expect(framesTotal).toBeGreaterThan(60);
  });

  test('of a cut-off file is told before the work, and what is there is upscaled with its sound', async () => {
    writeFileSync(at('cut.mkv'), readFileSync(at('film.mkv')));
    truncateSync(at('cut.mkv'), Math.floor(statSync(at('cut.mkv')).size / 2));
    const { framesTotal, events } = await upscaleClip(at('cut.mkv'), at('cut-out.mkv'), { settings: CONCEAL });
    expect(framesTotal).toBeGreaterThan(30);
    expect(framesTotal).toBeLessThan(70);
    const kinds = events.map((event) => (event.type === 'warning' ? event.code : event.type));
    expect(kinds.indexOf('damage')).toBeLessThan(kinds.indexOf('progress'));
    expect(probe(at('cut-out.mkv')).streams.map((stream) => stream.codec_type)).toEqual(['video', 'audio']);
  });

  test('of a film without any is not spoken of', async () => {
    const { framesTotal, warnings } = await upscaleClip(at('film.mkv'), at('whole-out.mkv'), { settings: CONCEAL });
    expect(framesTotal).toBe(100);
    expect(warnings.filter(({ code }) => code === 'damage')).toEqual([]);
  });
});
