import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Upscaler } from '../../../src/core/upscaler/upscaler.ts';
import { randomCompact } from '../../core/model/writers/random-networks.ts';
import { ffmpeg, temporaryFolder } from '../../support/clips.ts';
import { fromDist } from '../../support/dist.ts';
import { nearestUpscaler } from '../../support/nearest-upscaler.ts';
import { modelOf } from '../../support/random-model.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const { openUpscaler } = await fromDist<typeof import('../../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const FFV1 = { encoder: 'ffv1' } as const;

/** Clips that nothing is lost on, so that what does not move does not change. */
const CLIPS = {
  'black.mkv': ['color=black:size=160x120:rate=24:duration=1'],
  // A cursor that blinks, and a mark that moves every fourth frame.
  'cursor.mkv': [
    'testsrc2=size=160x120:rate=24:duration=1,trim=end_frame=1,loop=23:1,' +
      "drawbox=x=100:y=60:w=6:h=10:color=white:t=fill:enable='mod(n\\,3)'[a];" +
      "color=red:size=6x6:rate=24:duration=1[b];[a][b]overlay=x='10+2*floor(n/4)':y=12",
  ],
  'cuts.mkv': [
    'color=navy:size=160x120:rate=24:duration=0.4[a];testsrc2=size=160x120:rate=24:duration=0.3[b];' +
      'color=gray:size=160x120:rate=24:duration=0.3[c];[a][b][c]concat=n=3',
  ],
  'film.mkv': ['testsrc2=size=160x120:rate=24:duration=0.5,noise=alls=20:allf=t:all_seed=7'],
  'twos.mkv': ['testsrc2=size=160x120:rate=12:duration=1,fps=24'],
} as const;

beforeAll(() => {
  for (const [name, [graph]] of Object.entries(CLIPS)) {
    ffmpeg('-filter_complex', graph, '-pix_fmt', 'yuv444p', '-c:v', 'ffv1', at(name));
  }
  ffmpeg('-i', at('cursor.mkv'), '-pix_fmt', 'yuv444p10le', '-c:v', 'ffv1', at('deep.mkv'));
});

describe('with a real network', () => {
  let made: Awaited<ReturnType<typeof modelOf>>;
  const upscalers = new Map<string, Upscaler>();
  beforeAll(async () => {
    made = await modelOf(randomCompact(16, 2, 2, 5));
    const options = {
      device: 'cpu',
      haloPx: 4,
      featherPx: 0,
      sessions: 2,
      threadsPerSession: 1,
      gpus: [],
      ensemble: false,
      rerunBlank: true,
    } as const;
    upscalers.set('whole frames', openUpscaler(made.model, { ...options, tilePx: 400 }));
    upscalers.set('tiles', openUpscaler(made.model, { ...options, tilePx: 48 }));
    // These see too little for windows anywhere: the tiles of the frame are run, or not.
    upscalers.set('narrow tiles', openUpscaler(made.model, { ...options, tilePx: 48, haloPx: 1 }));
  });
  afterAll(async () => {
    for (const upscaler of upscalers.values()) await upscaler.close();
    await made.dispose();
  });

  test.each([...Object.keys(CLIPS), 'deep.mkv'])(
    '%s is the same file, byte for byte, with and without reuse',
    async (clip) => {
      for (const [kind, upscaler] of upscalers) {
        const [on, off] = [at(`${kind}-on-${clip}`), at(`${kind}-off-${clip}`)];
        const withReuse = await upscaleClip(at(clip), on, { upscaler, settings: FFV1 });
        const without = await upscaleClip(at(clip), off, { upscaler, settings: { ...FFV1, reuse: false } });
        expect(Buffer.compare(readFileSync(on), readFileSync(off)), kind).toBe(0);
        expect(without.reuse).toMatchObject({ framesUnchanged: 0, framesPartly: 0, framesOfWork: without.framesTotal });
        if (clip === 'film.mkv') expect(withReuse.reuse.framesOfWork).toBeGreaterThan(withReuse.framesTotal * 0.9);
        else expect(withReuse.reuse.framesOfWork).toBeLessThan(withReuse.framesTotal * 0.8);
      }
    },
  );
});

describe('what is told', () => {
  test('unchanged frames cost nothing, and all pixels are accounted for', async () => {
    const { reuse, events } = await upscaleClip(at('black.mkv'), at('told.mkv'), { settings: FFV1 });
    expect(reuse).toEqual({ frames: 24, framesUnchanged: 23, framesPartly: 0, framesOfWork: 1 });
    const last = events.filter((event) => event.type === 'progress').at(-1);
    expect(last).toMatchObject({
      framesDone: 24,
      tilesDone: 1,
      outputPixelsDone: 24 * 320 * 240,
      reusedShare: 23 / 24,
    });
    expect(events.at(-1)).toMatchObject({ type: 'done', reusedShare: 23 / 24 });
  });

  test('parts count with the share of work that they are', async () => {
    const { reuse, events } = await upscaleClip(at('cursor.mkv'), at('parts.mkv'), { settings: FFV1 });
    expect(reuse).toMatchObject({ frames: 24, framesUnchanged: 6 });
    expect(reuse.framesPartly).toBe(17);
    const last = events.filter((event) => event.type === 'progress').at(-1)!;
    expect(last.outputPixelsDone).toBe(24 * 320 * 240);
    expect(last.reusedShare).toBeCloseTo(1 - reuse.framesOfWork / 24, 3);
  });

  test('a clip without repetition tells of no reuse', async () => {
    const { events } = await upscaleClip(at('film.mkv'), at('none.mkv'), { settings: FFV1 });
    expect(events.some((event) => 'reusedShare' in event)).toBe(false);
  });
});

describe('the pipeline', () => {
  test('goes on with the next new frame while frames that repeat wait', async () => {
    const running = { now: 0, most: 0 };
    const inner = nearestUpscaler(2, { delayMs: 100 });
    const upscaler: Upscaler = {
      ...inner,
      async upscale(source, options) {
        running.most = Math.max(running.most, ++running.now);
        try {
          return await inner.upscale(source, options);
        } finally {
          running.now--;
        }
      },
    };
    // Each picture comes four times: with one call for each frame in flight, one would run at a time.
    ffmpeg('-i', at('film.mkv'), '-vf', 'setpts=4*PTS,fps=24', '-c:v', 'ffv1', at('fours.mkv'));
    const { reuse } = await upscaleClip(at('fours.mkv'), at('fours-out.mkv'), { upscaler, settings: FFV1 });
    expect(reuse.framesUnchanged).toBeGreaterThan(30);
    // Three if the decoder keeps up, which a busy machine does not promise.
    expect(running.most).toBeGreaterThan(1);
  });

  test('a failure in the middle of parts ends the job with its cause', async () => {
    let calls = 0;
    const inner = nearestUpscaler(2);
    const upscaler: Upscaler = {
      ...inner,
      upscaleParts: async (...args) => {
        if (++calls === 5) throw new Error('a planted failure');
        return inner.upscaleParts(...args);
      },
    };
    await expect(upscaleClip(at('cursor.mkv'), at('failed.mkv'), { upscaler, settings: FFV1 })).rejects.toThrow(
      'a planted failure',
    );
  });
});

describe('a threshold', () => {
  test('never lets small changes add up', async () => {
    // A fade by less than one level a frame, from black to 60: no frame differs by 3 levels from the one before it.
    ffmpeg(
      '-filter_complex',
      "color=black:size=64x48:rate=24:duration=3,format=gbrp,geq=r='floor(N*0.83)':g='floor(N*0.83)':b='floor(N*0.83)'",
      ...['-c:v', 'ffv1', at('fade.mkv')],
    );
    const settings = { ...FFV1, reuseThreshold: 3 };
    const { reuse } = await upscaleClip(at('fade.mkv'), at('fade-out.mkv'), { settings });
    expect(reuse.framesUnchanged).toBeGreaterThan(36);
    const rgb = (name: string, ...filter: string[]) =>
      ffmpeg('-i', at(name), ...filter, '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-');
    const source = rgb('fade.mkv', '-vf', 'scale=2*iw:2*ih:flags=neighbor');
    const result = rgb('fade-out.mkv');
    expect(result.length).toBe(source.length);
    let worst = 0;
    for (let i = 0; i < source.length; i++) worst = Math.max(worst, Math.abs(source[i]! - result[i]!));
    // Three of the threshold, two of YUV and back.
    expect(worst).toBeLessThanOrEqual(5);
  });
});
