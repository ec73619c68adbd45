import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { evaluateFilms, type FilmScore } from '../../src/eval/index.ts';
import { ffmpeg, temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const { signal } = new AbortController();

/** A still scene with noise, of a width that no scale divides. */
beforeAll(() => {
  mkdirSync(at('films'), { recursive: true });
  const scene = 'gradients=size=98x64:rate=10:seed=5:speed=0.00001:duration=1.6,noise=alls=24:allf=t';
  ffmpeg('-f', 'lavfi', '-i', scene, '-c:v', 'ffv1', '-pix_fmt', 'yuv444p', at('films/still.mkv'));
});

async function scoresOf(models: readonly string[], filters: Record<string, string> = {}): Promise<FilmScore[]> {
  const scores: FilmScore[] = [];
  const upscale = async (input: string, output: string, model: string) => {
    const filter = `scale=iw*3:ih*3:flags=bicubic,${filters[model]}`;
    execFileSync('ffmpeg', ['-y', '-v', 'error', '-i', input, '-vf', filter, '-c:v', 'ffv1', output]);
    return { seconds: 2, peakBytes: 7 };
  };
  for await (const score of evaluateFilms({ films: [at('films/still.mkv')], scale: 3, models, signal, upscale })) {
    scores.push(score);
  }
  return scores;
}

describe('films are scored by what their shrunk copies become', () => {
  test('by how near it comes and how much it flickers', async () => {
    const filters = { calm: 'tmix=frames=5', blind: 'negate', deaf: 'noise=alls=30:allf=t' };
    const [bicubic, nearest, calm, blind, deaf] = await scoresOf(
      ['bicubic', 'nearest', ...Object.keys(filters)],
      filters,
    );
    expect(bicubic).toMatchObject({ model: 'bicubic', films: 1, frames: 16, peakBytes: null });
    expect(bicubic!.flicker).toBeCloseTo(1, 1);
    expect(bicubic!.each).toMatchObject([{ film: 'still.mkv', frames: 16 }]);
    expect(bicubic!.each[0]!.stillShare).toBeGreaterThan(0.1);
    expect(nearest!.flicker!).toBeGreaterThan(bicubic!.flicker!);
    expect(calm!.flicker!).toBeLessThan(0.5);
    expect(calm!.psnr!).toBeGreaterThan(blind!.psnr! + 3);
    expect(blind!.flicker).toBeCloseTo(bicubic!.flicker!, 1);
    expect(deaf!.flicker!).toBeGreaterThan(1.2);
    // 2 seconds for 16 frames of 96x63.
    expect(calm).toMatchObject({ peakBytes: 7, secondsPerMegapixel: 2 / ((16 * 96 * 63) / 1e6) });
  });

  test('through upreel eval, as text and as JSON; its page is for pictures', async () => {
    const words = ['eval', at('films'), '--models', 'bicubic', '--scale', '2'];
    const { out, code } = await upreel([...words, '--each']);
    expect(code).toBe(0);
    expect(out).toMatch(/^MODEL +FRAMES +PSNR +FLICKER .*\nbicubic +16 .* dB .*\n {2}still\.mkv +16 .* dB/);
    expect((await upreel([...words, '--json'])).records).toMatchObject([{ type: 'film-score', scale: 2, frames: 16 }]);
    const page = await upreel([...words, '--html', at('page.html')]);
    expect(page.code).toBe(2);
    expect(page.err).toContain('upreel compare A B --html');
  });
});
