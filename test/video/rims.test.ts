import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinAlpha, splitAlpha } from '../../src/core/codec/index.ts';
import type { Upscaler } from '../../src/core/upscaler/upscaler.ts';
import { ffmpeg, temporaryFolder } from '../support/clips.ts';
import { fromDist } from '../support/dist.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';
import { RIM_PICTURES, RIM_SIDE, worstAtRim } from '../support/rims.ts';
import { upscaleClip } from '../support/upscale-clip.ts';

const { openUpscaler } = await fromDist<typeof import('../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

let upscaler: Upscaler;
beforeAll(async () => {
  const tiles = { device: 'cpu', tilePx: 40, haloPx: 18, featherPx: 0, sessions: 1, threadsPerSession: 2 } as const;
  const rest = { gpus: [], ensemble: false, rerunBlank: true };
  upscaler = openUpscaler(await testModel('realesr-animevideov3-x2'), { ...tiles, ...rest });
}, MODEL_TEST_TIMEOUT);
afterAll(() => upscaler?.close());

test('rims of a film have their colour, whether a frame is new, unchanged or changed in part', async () => {
  const frames = [...RIM_PICTURES, RIM_PICTURES[0]!, RIM_PICTURES[0]!];
  for (const [index, { colour, alpha }] of frames.entries()) {
    const raw = { width: RIM_SIDE, height: RIM_SIDE, channels: 4 } as const;
    await sharp(joinAlpha(colour, alpha), { raw })
      .png()
      .toFile(at(`frame-${index}.png`));
  }
  // The last frame differs in a few pixels of the disc, which shows elsewhere what the one before showed.
  const dot = { create: { width: 3, height: 3, channels: 3, background: '#e67828' } } as const;
  await sharp(at('frame-4.png'))
    .composite([{ input: dot, left: 3, top: 3 }])
    .png()
    .toFile(at('frame-5.png'));
  ffmpeg('-i', at('frame-%d.png'), '-c:v', 'png', at('film.mov'));
  const settings = { alpha: 'keep' } as const;
  await upscaleClip(at('film.mov'), at('out/%d.png'), { upscaler, settings });
  await upscaleClip(at('film.mov'), at('all/%d.png'), { upscaler, settings: { ...settings, reuse: false } });
  for (const [index, { right }] of frames.entries()) {
    const result = await sharp(at(`out/${index + 1}.png`))
      .raw()
      .toBuffer();
    const size = { width: 2 * RIM_SIDE, height: 2 * RIM_SIDE };
    const parts = splitAlpha(new Uint8Array(result), { ...size, bands: 4, channels: 3, bytesPerSample: 1 });
    expect(worstAtRim(parts, right).colour).toBeLessThanOrEqual(12);
    expect(
      result.equals(
        await sharp(at(`all/${index + 1}.png`))
          .raw()
          .toBuffer(),
      ),
    ).toBe(true);
  }
});
