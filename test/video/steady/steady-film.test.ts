import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { UpreelError } from '../../../src/core/errors.ts';
import { decodeRgb, ffmpeg, frameTimes, temporaryFolder } from '../../support/clips.ts';
import { nearestUpscaler } from '../../support/nearest-upscaler.ts';
import { until } from '../../support/processes.ts';
import { startClip } from '../../support/run-clip.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

const SIZE = '48x32';
const NOISE = 'noise=alls=16:allf=t:all_seed=4';
const STILL = `testsrc=size=${SIZE}:rate=25:duration=1,select='eq(n,0)',loop=-1:1,trim=end_frame=60,setpts=N/25/TB`;
const FFV1 = ['-c:v', 'ffv1', '-g', '1'];
const settings = { encoder: 'ffv1', chroma: '444', steady: 0.8 } as const;
/** Three segments. */
const CUT = { ...settings, segmentSeconds: 0.8 } as const;

beforeAll(() => {
  const make = (name: string, source: string, ...options: string[]) =>
    ffmpeg('-f', 'lavfi', '-i', source, ...FFV1, ...options, at(name));
  make('still.mkv', `${STILL},format=yuv444p,${NOISE}`);
  make('deep.mkv', `${STILL},format=yuv444p,${NOISE},format=yuv444p10le`);
  make('twos.mkv', `${STILL},format=yuv444p,${NOISE},fps=12.5,fps=25`, '-frames:v', '50');
  make(
    'clear.mkv',
    `${STILL},format=yuv444p,${NOISE},format=yuva444p,geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)':a='lum(X,Y)'`,
  );
});

/** Mean difference of each frame from the one before. */
function steps(film: Buffer, frameBytes = 96 * 64 * 3): number[] {
  const frames = Array.from({ length: film.length / frameBytes }, (_, index) =>
    film.subarray(index * frameBytes, (index + 1) * frameBytes),
  );
  return frames
    .slice(1)
    .map(
      (frame, index) => frame.reduce((sum, sample, x) => sum + Math.abs(sample - frames[index]![x]!), 0) / frameBytes,
    );
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('a steadied film', () => {
  test('is calm where it is still, also where segments meet', async () => {
    await upscaleClip(at('still.mkv'), at('plain.mkv'), { settings: { ...CUT, steady: 0 } });
    const { events } = await upscaleClip(at('still.mkv'), at('calm.mkv'), { settings: CUT });
    expect(frameTimes(at('calm.mkv'))).toEqual(frameTimes(at('plain.mkv')));
    const [plain, calm] = [steps(decodeRgb(at('plain.mkv'))), steps(decodeRgb(at('calm.mkv')))];
    const settled = calm.slice(8);
    expect(mean(settled) / mean(plain)).toBeLessThan(0.35);
    expect(Math.max(...settled) / mean(plain)).toBeLessThan(0.5);
    // What leads to a segment is not counted.
    const last = events.findLast((event) => event.type === 'progress');
    expect(last).toMatchObject({ framesDone: 60, outputPixelsDone: 60 * 96 * 64 });
  });

  test.each(['deep', 'twos', 'clear'])('is the same with and without reuse, interrupted or not: %s', async (clip) => {
    const alpha = clip === 'clear' ? ({ alpha: 'keep' } as const) : {};
    const input = at(`${clip}.mkv`);
    const whole = at(`${clip}-whole.mkv`);
    await upscaleClip(input, whole, { settings: { ...CUT, ...alpha } });
    const drain = new AbortController();
    const output = at(`${clip}-again.mkv`);
    const again = { settings: { ...CUT, ...alpha, reuse: false } };
    const stopped = upscaleClip(input, output, {
      ...again,
      upscaler: nearestUpscaler(2, { delayMs: 120 }),
      drain: drain.signal,
      onEvent: (event) => {
        if (event.type === 'progress' && event.framesDone > 0) drain.abort(new UpreelError('interrupted', 'Enough.'));
      },
    });
    await expect(stopped).rejects.toThrow('Enough.');
    expect(readdirSync(`${output}.upreel`)).not.toContain('segment-00002.json');
    await upscaleClip(input, output, again);
    const hashes = [whole, output].map((file) => ffmpeg('-i', file, '-map', '0:v', '-f', 'framemd5', '-').toString());
    expect(hashes[1]).toBe(hashes[0]);
  });

  test('is the same after kill -9', async () => {
    const job = { input: at('still.mkv'), output: at('killed.mkv'), settings: CUT };
    await startClip({ ...job, output: at('unkilled.mkv') }).finished;
    const running = startClip({ ...job, delayMs: 30 });
    await until(() => existsSync(`${job.output}.upreel/segment-00000.json`), 60_000);
    running.child.kill('SIGKILL');
    await running.finished;
    expect(existsSync(job.output)).toBe(false);
    const other = await startClip({ ...job, settings: { ...CUT, steady: 0.5 } }).finished;
    expect(other).toMatchObject({
      code: 2,
      err: expect.stringContaining('the settings has steady 0.5, then it was 0.8'),
    });
    const without = await startClip({ ...job, settings: { ...CUT, steady: 0 } }).finished;
    expect(without.err).toContain('the settings has steady not there, then it was 0.8');
    const { out } = await startClip(job).finished;
    expect(out).toMatch(/started after [1-9]/);
    expect(decodeRgb(job.output).equals(decodeRgb(at('unkilled.mkv')))).toBe(true);
  });

  test('holds a repeated frame, and what --fps repeats', async () => {
    await upscaleClip(at('still.mkv'), at('doubled.mkv'), { settings: { ...settings, fps: { num: 50, den: 1 } } });
    const doubled = steps(decodeRgb(at('doubled.mkv')));
    expect(doubled.filter((step) => step === 0)).toHaveLength(60);
    await upscaleClip(at('still.mkv'), at('single.mkv'), { settings });
    const single = steps(decodeRgb(at('single.mkv')));
    expect(doubled.filter((step) => step > 0)).toEqual(single);
  });

  test('leaves alpha as it is', async () => {
    const kept = { alpha: 'keep', encoder: 'ffv1', chroma: '444' } as const;
    await upscaleClip(at('clear.mkv'), at('clear-plain.mkv'), { settings: kept });
    await upscaleClip(at('clear.mkv'), at('clear-calm.mkv'), { settings: { ...kept, steady: 0.8 } });
    const alphaOf = (name: string) =>
      ffmpeg('-i', at(name), '-vf', 'alphaextract', '-pix_fmt', 'gray', '-f', 'rawvideo', '-');
    expect(alphaOf('clear-calm.mkv').equals(alphaOf('clear-plain.mkv'))).toBe(true);
    const [plain, calm] = ['clear-plain.mkv', 'clear-calm.mkv'].map((name) => steps(decodeRgb(at(name))));
    // Less than elsewhere: the pattern's colours are cut off at full saturation, and their noise with them.
    expect(mean(calm!.slice(8)) / mean(plain!.slice(8))).toBeLessThan(0.7);
  });
});
