import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  await testModel('realesr-general-x4v3');
  await mkdir(at('truth'));
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  const picture = sharp({ create: { width: 66, height: 49, channels: 3, background: '#000', noise } }).blur(3);
  await picture.png().toFile(at('truth/a.png'));
  await sharp(at('truth/a.png')).modulate({ brightness: 1.1 }).png().toFile(at('brighter.png'));
  await sharp(at('truth/a.png')).resize(60, 40).png().toFile(at('smaller.png'));
}, MODEL_TEST_TIMEOUT);

describe('upreel eval', () => {
  test('scores bicubic and a network on luma', async () => {
    const { code, records } = await upreel([
      ...['eval', at('truth'), '--models', 'bicubic,realesr-general-x4v3', '--scale', '4', '--json'],
    ]);
    expect(code).toBe(0);
    expect(records).toMatchObject([
      { v: 1, type: 'score', scale: 4, model: 'bicubic', pictures: 1 },
      { v: 1, type: 'score', scale: 4, model: 'realesr-general-x4v3', pictures: 1 },
    ]);
    for (const { psnrY, ssimY } of records as { psnrY: number; ssimY: number }[]) {
      expect(psnrY).toBeGreaterThan(15);
      expect(psnrY).toBeLessThan(60);
      expect(ssimY).toBeGreaterThan(0.2);
      expect(ssimY).toBeLessThan(1);
    }
  });
});

describe('upreel compare', () => {
  test('tells how alike two pictures are', async () => {
    const same = await upreel(['compare', at('truth/a.png'), at('truth/a.png'), '--json']);
    expect(same.records).toEqual([{ v: 1, type: 'comparison', psnr: null, psnrY: null, ssimY: 1, maxDifference: 0 }]);
    const other = await upreel(['compare', at('truth/a.png'), at('brighter.png')]);
    expect(other.code).toBe(0);
    expect(other.out).toMatch(/^PSNR \d+\.\d\d dB, PSNR-Y \d+\.\d\d dB, SSIM-Y 0\.\d{4},\nlargest difference \d+/);
  });

  test('refuses pictures of different sizes', async () => {
    const { code, err } = await upreel(['compare', at('truth/a.png'), at('smaller.png')]);
    expect(code).toBe(2);
    expect(err).toMatch(/66x49 and 60x40/);
  });
});
