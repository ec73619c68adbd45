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

  /** Packets of 188 bytes: what a receiver loses, it loses whole. */
  const part = (bytes: Buffer, from: number, to: number) => {
    const packets = Math.floor(bytes.length / 188);
    return bytes.subarray(Math.floor(packets * from) * 188, Math.floor(packets * to) * 188);
  };

  test.each<[string, () => void]>([
    [
      'noisy.mkv',
      () => ffmpeg('-i', at('film.mkv'), '-an', '-c:v', 'copy', '-bsf:v', 'noise=amount=40', at('noisy.mkv')),
    ],
    ['cut.mp4', () => cut('cut.mp4', ['-movflags', '+faststart'])],
    ['cut.avi', () => cut('cut.avi', ['-c:v', 'mpeg4', '-c:a', 'mp3'])],
    [
      'hole.ts',
      () => {
        const bytes = ffmpeg('-i', at('film.mkv'), '-c', 'copy', '-f', 'mpegts', '-');
        writeFileSync(at('hole.ts'), Buffer.concat([part(bytes, 0, 1 / 3), part(bytes, 1 / 2, 1)]));
      },
    ],
  ])('of %s: the refusal names the way on, and that leads to a film in step', async (name, make) => {
    make();
    await expect(upscaleClip(at(name), at('never.mkv'))).rejects.toMatchObject({
      code: 'input-damaged',
      hint: expect.stringContaining('--on-decode-error conceal'),
    });
    const { warnings } = await upscaleClip(at(name), at(`${name}.out.mkv`), { settings: CONCEAL });
    expect(warnings.some(({ code }) => code === 'damage')).toBe(true);
    const times = frameTimes(at(`${name}.out.mkv`));
    const before = frameTimes(name.startsWith('cut') ? at(`whole-${name}`) : at('film.mkv'));
    // Broadcast clocks begin anywhere: ours at the first stream, which may be the sound.
    const shift = name.endsWith('.ts') ? (before[0] ?? 0) - (times[0] ?? 0) : 0;
    for (const time of times) {
      expect(Math.min(...before.map((other) => Math.abs(other - time - shift)))).toBeLessThanOrEqual(0.0015);
    }
  });

  function cut(name: string, options: readonly string[]): void {
    ffmpeg('-i', at('film.mkv'), '-c', 'copy', ...options, at(`whole-${name}`));
    writeFileSync(at(name), readFileSync(at(`whole-${name}`)));
    truncateSync(at(name), Math.floor((statSync(at(name)).size * 2) / 3));
  }
});
