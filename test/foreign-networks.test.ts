import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test, vi } from 'vitest';
import type { TaskEvent } from '../src/index.ts';
import { writeOnnxCompact } from './core/model/writers/onnx-writer.ts';
import { nearlyPlainCompact } from './core/model/writers/random-networks.ts';
import { decodeRgb, ffmpeg, pattern, temporaryFolder, videoOf } from './support/clips.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
// The built one: its engine is a process of its own.
const { upscaleImage, upscaleVideo } = (await import('../dist/index.js' as string)) as typeof import('../src/index.ts');

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  vi.stubEnv('UPREEL_CACHE', at('cache'));
  const weights = nearlyPlainCompact(3);
  const free = writeOnnxCompact(weights);
  writeFileSync(at('free.onnx'), free.finish(free.output));
  const fixed = writeOnnxCompact(weights, { dimensions: [1, 3, 24, 32] }, undefined, (onnx, value) =>
    onnx.node('Neg', [onnx.node('Neg', [onnx.node('Reshape', [value, onnx.integers(1, 3, 48, 64)])])]),
  );
  writeFileSync(at('fixed.onnx'), fixed.finish(fixed.output));
  ffmpeg(...pattern(1, { rate: '3' }), '-c:v', 'ffv1', at('film.mkv'));
});

test('a film through a network of fixed size is that of the network for any size', async () => {
  const films = [];
  for (const name of ['free', 'fixed']) {
    const settings = { model: at(`${name}.onnx`), onnx: { range: '0..1' }, device: 'cpu', lossless: true } as const;
    await upscaleVideo(at('film.mkv'), { ...settings, output: at(`${name}.mkv`) });
    expect(videoOf(at(`${name}.mkv`))).toMatchObject({ width: 128, height: 96 });
    films.push(decodeRgb(at(`${name}.mkv`)));
  }
  const [free, fixed] = films;
  expect(fixed!.length).toBe(free!.length);
  const differences = fixed!.map((level, index) => Math.abs(level - free![index]!));
  expect(Math.max(...differences)).toBeLessThanOrEqual(4);
  expect(differences.reduce((sum, it) => sum + it, 0) / differences.length).toBeLessThan(0.05);
});

test('a picture says that its tiles have another size than asked for', async () => {
  await sharp({ create: { width: 50, height: 40, channels: 3, background: '#808040' } }).toFile(at('flat.png'));
  const warnings: string[] = [];
  const onEvent = (event: TaskEvent) => event.type === 'warning' && warnings.push(event.message);
  const network = { model: at('fixed.onnx'), onnx: { range: '0..1' }, device: 'cpu', tilePx: 256 } as const;
  await upscaleImage(at('flat.png'), { ...network, colour: 'source', output: at('large.png'), onEvent });
  expect(warnings).toContainEqual(expect.stringMatching(/fixed runs on 32x24 pixels only: tiles of 256 px/));
  const { width, height } = await sharp(at('large.png')).metadata();
  const { channels } = await sharp(at('large.png')).stats();
  expect([width, height]).toEqual([100, 80]);
  for (const [index, level] of [128, 128, 64].entries()) expect(channels[index]!.mean).toBeCloseTo(level, 0);
});
