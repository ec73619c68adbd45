import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PictureDamage } from '../../../src/video/plan/concealment.ts';
import { ffmpeg, frameTimes, H264, pattern, probe, temporaryFolder, tone } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

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
      message: expect.stringMatching(/damaged at 0:00:0\d.* \d+ frames \(0\.\d\d s\) are missing: 0:00:0\d/),
    });
    const { framesTotal, warnings } = await upscaleClip(at('hole.mkv'), at('patched.mkv'), { settings: CONCEAL });
    const messages = warnings.filter(({ code }) => code === 'damage').map(({ message }) => message);
    expect(messages[0]).toMatch(/is damaged at 0:00:0/);
    expect(messages[1]).toMatch(/^\d+ pictures \(0\.\d\d s\) are missing in the source/);
    expect(framesTotal).toBeGreaterThan(80);
    // What is there is where it was.
    const before = frameTimes(at('film.mkv'));
    for (const time of frameTimes(at('patched.mkv'))) {
      expect(Math.min(...before.map((other) => Math.abs(other - time)))).toBeLessThanOrEqual(0.001);
    }
  });

  test('in the pictures themselves is told in full, and gone over with what was finished before it', async () => {
    ffmpeg('-i', at('film.mkv'), '-c', 'copy', at('film.mp4'));
    const bytes = readFileSync(at('film.mp4'));
    bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 3000);
    writeFileSync(at('hole.mp4'), bytes);
    const settings = { segmentSeconds: 0.8, report: at('hole.json') };
    const refusal = await upscaleClip(at('hole.mp4'), at('hole-out.mkv'), { settings }).catch((error: Error) => error);
    const extent = /Looked through: (\d+) pictures \(\d\.\d\d s\) are missing .*decoded: (0:00:0[\d.:,\s-]+\d)/;
    const [, frames, places] = extent.exec((refusal as Error).message) ?? [];

    const { framesTotal, warnings, events } = await upscaleClip(at('hole.mp4'), at('hole-out.mkv'), {
      settings: { ...settings, ...CONCEAL },
    });
    const started = events.find((event) => event.type === 'started');
    expect(started?.framesKept).toBeGreaterThanOrEqual(20);
    expect(framesTotal).toBe(100 - Number(frames));
    const messages = warnings.filter(({ code }) => code === 'damage').map(({ message }) => message);
    expect(messages.join('\n')).toContain(`and left out: ${places}`);
    const { damage } = JSON.parse(readFileSync(at('hole.json'), 'utf8')) as { damage: PictureDamage };
    expect(damage.patched).toEqual([]);
    expect(damage.missing.reduce((sum, place) => sum + place.frames, 0)).toBe(Number(frames));
    for (const { startSeconds, endSeconds } of damage.missing) {
      const shown = frameTimes(at('hole-out.mkv')).filter(
        (time) => time > startSeconds - 0.001 && time < endSeconds - 0.001,
      );
      expect(shown).toEqual([]);
    }
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
