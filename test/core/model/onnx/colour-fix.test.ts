import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ColourSource, Model, OnnxOptions } from '../../../../src/core/model/index.ts';
import { makeRaster, type Raster, type RasterFormat } from '../../../../src/core/pixels/raster.ts';
import { AUTOMATIC_NETWORK, resolveUpscalerOptions } from '../../../../src/core/upscaler/network-settings.ts';
import { fromDist } from '../../../support/dist.ts';
import { maxDifference, samplesOf, testPicture } from '../../../support/rasters.ts';
import { writeOnnxCompact } from '../writers/onnx-writer.ts';
import { nearlyPlainCompact } from '../writers/random-networks.ts';
import { writeSafetensors } from '../writers/safetensors-writer.ts';

const { openUpscaler } = await fromDist<typeof import('../../../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);
const { loadModel } = await fromDist<typeof import('../../../../src/core/model/index.ts')>('core/model/index.js');

const RGB16: RasterFormat = { channels: 3, bytesPerSample: 2 };
let folder: string;
const models = new Map<ColourSource, Model>();
const modelFor = (colour: ColourSource): Model => models.get(colour)!;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upreel-colour-'));
  const path = join(folder, 'shifting.safetensors');
  await writeFile(path, writeSafetensors(shifting(3)));
  for (const colour of ['network', 'source', 'adain'] as const) {
    models.set(colour, await loadModel(path, { cacheFolder: folder, colour }));
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** Enlarges 2 times and shifts red up, blue down. */
function shifting(channels: 1 | 3) {
  const weights = new Map(nearlyPlainCompact(channels));
  const { data } = weights.get('body.4.bias')!;
  const shifts = [0.05, 0, -0.05];
  weights.set('body.4.bias', {
    shape: [data.length],
    data: data.map((value, index) => value + shifts[Math.floor(index / 4)]!),
  });
  return weights;
}

async function upscaled(model: Model, picture: Raster, tiling: { tilePx?: number; haloPx?: number } = {}) {
  const settings = { ...AUTOMATIC_NETWORK, model: 'any', threads: 1, ...tiling };
  const upscaler = openUpscaler(model, resolveUpscalerOptions(settings, model.descriptor, 'cpu', 'stills'));
  try {
    return await upscaler.upscale(picture);
  } finally {
    await upscaler.close();
  }
}

/** Of each channel, in levels of 255. */
function statistics(raster: Raster): { mean: number; deviation: number }[] {
  const white = raster.bytesPerSample === 1 ? 1 : 257;
  return Array.from({ length: raster.channels }, (_, channel) => {
    const values = [...samplesOf(raster)].filter((_, i) => i % raster.channels === channel).map((it) => it / white);
    const mean = values.reduce((sum, it) => sum + it, 0) / values.length;
    return { mean, deviation: Math.sqrt(values.reduce((sum, it) => sum + (it - mean) ** 2, 0) / values.length) };
  });
}

const PICTURE = testPicture(61, 47, RGB16);

describe('colours of the source', () => {
  test('take away what the network shifts', async () => {
    const means = async (colour: ColourSource) => {
      const [source, made] = [statistics(PICTURE), statistics(await upscaled(modelFor(colour), PICTURE))];
      return made.map(({ mean }, channel) => mean - source[channel]!.mean);
    };
    const [red, , blue] = await means('network');
    expect(red).toBeGreaterThan(8);
    expect(blue).toBeLessThan(-8);
    for (const shift of await means('source')) expect(Math.abs(shift)).toBeLessThan(0.3);
  });

  test('are the low frequencies of the source beside the high ones of the result', async () => {
    const made = await upscaled(modelFor('network'), PICTURE);
    const fixed = await upscaled(modelFor('source'), PICTURE);
    expect(maxDifference(fixed, withLowOf(PICTURE, made)) / 257).toBeLessThan(0.1);
  });

  test('are exact over tiles', async () => {
    const model = modelFor('source');
    expect(model.descriptor).toMatchObject({ receptiveFieldPx: 3 + 16, windowExact: false, wholeOnly: false });
    const whole = await upscaled(model, PICTURE);
    expect(maxDifference(await upscaled(model, PICTURE, { tilePx: 16 }), whole)).toBeLessThanOrEqual(2);
    const narrow = await upscaled(model, PICTURE, { tilePx: 16, haloPx: 3 });
    expect(maxDifference(narrow, whole)).toBeGreaterThan(100);
  });

  test('are another network', () => {
    const hashes = [...models.values()].map(({ descriptor }) => descriptor.contentHash);
    expect(new Set(hashes).size).toBe(3);
  });

  test.each(['network', 'source'] as const)('%s: in halves they are what they are in float32', async (colour) => {
    const variant = { bytesPerSample: 1, channels: 3, target: 'gpu' } as const;
    const [single, half] = await Promise.all(
      (['float32', 'float16'] as const).map(async (precision) =>
        run(await modelFor(colour).networkFile({ ...variant, precision })),
      ),
    );
    expect(Math.max(...single!.map((level, index) => Math.abs(level - half![index]!)))).toBeLessThanOrEqual(2);
  });

  test.each([
    ['a network of luma in version 11', 1, 11],
    ['a network of version 21', 3, 21],
  ] as const)('%s, run as it is, has them', async (name, channels, opset) => {
    const onnx = writeOnnxCompact(
      shifting(channels),
      { dimensions: [1, channels, 'h', 'w'], opset },
      undefined,
      (it, value) => it.node('Neg', [it.node('Neg', [value])]),
    );
    const path = join(folder, `${name.replaceAll(' ', '-')}.onnx`);
    await writeFile(path, onnx.finish(onnx.output));
    const options: { onnx: OnnxOptions; colour: ColourSource; cacheFolder: string } = {
      ...{ cacheFolder: folder, colour: 'source', onnx: { range: '0..1' } },
    };
    const model = await loadModel(path, options);
    expect(model.descriptor).toMatchObject({
      receptiveFieldPx: null,
      summary: expect.stringContaining('run as it is'),
    });
    const [source, made] = [statistics(PICTURE), statistics(await upscaled(model, PICTURE))];
    for (const [channel, { mean }] of made.entries()) expect(Math.abs(mean - source[channel]!.mean)).toBeLessThan(0.3);
  });
});

describe('statistics of the source', () => {
  test('are those of the result', async () => {
    const [source, made] = [statistics(PICTURE), statistics(await upscaled(modelFor('adain'), PICTURE))];
    for (const [channel, { mean, deviation }] of made.entries()) {
      expect(Math.abs(mean - source[channel]!.mean)).toBeLessThan(0.3);
      expect(Math.abs(deviation - source[channel]!.deviation)).toBeLessThan(0.3);
    }
  });

  test('are not taken of tiles', async () => {
    await expect(upscaled(modelFor('adain'), PICTURE, { tilePx: 16, haloPx: 3 })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/61x47 pixels takes \d+ tiles/),
      hint: expect.stringContaining('--tile 61'),
    });
  });
});

async function run(networkFile: string): Promise<number[]> {
  const session = await InferenceSession.create(networkFile, { intraOpNumThreads: 1 });
  const { data, width, height } = testPicture(24, 20);
  const { upscaled } = await session.run({ source: new Tensor('uint8', data, [1, height, width, 3]) });
  await session.release();
  return [...(upscaled!.data as Uint8Array)];
}

/** made + enlarged(low(source - made averaged down)), by loops. */
function withLowOf(source: Raster, made: Raster): Raster {
  const { width, height, channels } = source;
  const result = makeRaster(made.width, made.height, made);
  const [from, to, out] = [samplesOf(source), samplesOf(made), samplesOf(result)];
  for (let channel = 0; channel < channels; channel++) {
    const at = (samples: ArrayLike<number>, wide: number, x: number, y: number) =>
      samples[(y * wide + x) * channels + channel]!;
    const difference = new Float64Array(width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const block = [0, 1, 2, 3].map((i) => at(to, made.width, 2 * x + (i % 2), 2 * y + (i >> 1)));
        difference[y * width + x] = at(from, width, x, y) - block.reduce((sum, it) => sum + it, 0) / 4;
      }
    }
    const low = blurred(blurred(difference, width, height, 'x'), width, height, 'y');
    for (let y = 0; y < made.height; y++) {
      for (let x = 0; x < made.width; x++) {
        const value = at(to, made.width, x, y) + between(low, width, height, (x - 0.5) / 2, (y - 0.5) / 2);
        out[(y * made.width + x) * channels + channel] = Math.min(65535, Math.max(0, Math.round(value)));
      }
    }
  }
  return result;
}

/** [1 2 1] / 4 with gaps of 1, 2, 4 and 8, multiplied out. */
const KERNEL = [1, 2, 4, 8].reduce<number[]>(
  (kernel, gap) => {
    const wider = new Array<number>(kernel.length + 2 * gap).fill(0);
    kernel.forEach((value, index) => {
      for (const [tap, share] of [0.25, 0.5, 0.25].entries()) wider[index + tap * gap]! += value * share;
    });
    return wider;
  },
  [1],
);

function blurred(plane: Float64Array, width: number, height: number, axis: 'x' | 'y'): Float64Array {
  return plane.map((_, index) => {
    const [x, y] = [index % width, Math.floor(index / width)];
    return KERNEL.reduce((sum, share, tap) => {
      const step = tap - 15;
      const column = axis === 'x' ? Math.min(width - 1, Math.max(0, x + step)) : x;
      const row = axis === 'y' ? Math.min(height - 1, Math.max(0, y + step)) : y;
      return sum + share * plane[row * width + column]!;
    }, 0);
  });
}

function between(plane: Float64Array, width: number, height: number, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const at = (column: number, row: number) =>
    plane[Math.min(height - 1, Math.max(0, row)) * width + Math.min(width - 1, Math.max(0, column))]!;
  const [fx, fy] = [x - left, y - top];
  const across = (row: number) => at(left, row) * (1 - fx) + at(left + 1, row) * fx;
  return across(top) * (1 - fy) + across(top + 1) * fy;
}
