import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model, OnnxOptions } from '../../../../src/core/model/index.ts';
import type { Raster } from '../../../../src/core/pixels/raster.ts';
import { AUTOMATIC_NETWORK, resolveUpscalerOptions } from '../../../../src/core/upscaler/network-settings.ts';
import { fromDist } from '../../../support/dist.ts';
import { testPicture } from '../../../support/rasters.ts';
import { PROMPT, writeDiffusion } from '../writers/diffusion-writer.ts';
import { ForeignOnnx } from '../writers/onnx-writer.ts';
import { enlargedByBicubic } from '../writers/plain-bicubic.ts';

const { openUpscaler } = await fromDist<typeof import('../../../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);
const { importModel, loadModel, networkFiles } =
  await fromDist<typeof import('../../../../src/core/model/index.ts')>('core/model/index.js');

const PROMPT_VALUES = Float32Array.from({ length: PROMPT.tokens * PROMPT.width }, (_, index) => Math.cos(index));
const TIMESTEP = [999];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upreel-diffusion-'));
  await writeFile(join(folder, 'prompt.bin'), new Uint8Array(PROMPT_VALUES.buffer));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(name: string, bytes: Uint8Array, sidecar: object | null, onnx: OnnxOptions = {}): Promise<Model> {
  const path = join(folder, `${name}.onnx`);
  await writeFile(path, bytes);
  if (sidecar !== null) await writeFile(`${path}.json`, JSON.stringify(sidecar));
  return loadModel(path, { cacheFolder: folder, onnx });
}

function optionsOf({ descriptor }: Model) {
  return resolveUpscalerOptions({ ...AUTOMATIC_NETWORK, model: 'any', threads: 1 }, descriptor, 'cpu', 'stills');
}

async function upscaled(model: Model, picture: Raster): Promise<Raster> {
  const upscaler = openUpscaler(model, optionsOf(model));
  try {
    return await upscaler.upscale(picture);
  } finally {
    await upscaler.close();
  }
}

/** What onnxruntime makes of the file as it is. @param planes 0..1, NCHW */
async function runPlain(bytes: Uint8Array, planes: Float32Array, sides: number[], extras: Record<string, Tensor>) {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const made = await session.run({ input: new Tensor('float32', planes, [1, 3, ...sides]), ...extras });
  await session.release();
  return Object.values(made)[0]!.data as Float32Array;
}

function planesOf({ data, width, height }: Raster): Float32Array {
  const planes = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) planes[(i % 3) * width * height + Math.floor(i / 3)] = data[i]! / 255;
  return planes;
}

function expectLevels(raster: Raster, planes: Float32Array): void {
  expect(planes.length).toBe(raster.data.length);
  const made = planesOf(raster);
  const off = made.map((value, index) => Math.abs(255 * (value - Math.min(1, Math.max(0, planes[index]!)))));
  expect(Math.max(...off)).toBeLessThan(1.01);
}

const SIDECAR = {
  inputs: {
    timestep: TIMESTEP,
    prompt: { file: 'prompt.bin', shape: [1, PROMPT.tokens, PROMPT.width], type: 'float32' },
  },
  ...{ enlargeFirst: 4, range: '-1..1', seams: 'wide' },
};

describe.each([17, 18, 21])('a one-step diffusion network of version %i, for 64x64 pixels', (opset) => {
  const bytes = writeDiffusion({ dimensions: [1, 3, 64, 64], opset, scale: 1, extras: 'inputs' });
  let model: Model;
  beforeAll(async () => {
    model = await load(`fixed-${opset}`, bytes, SIDECAR);
  });

  test('enlarges what its sidecar says, and blends widely', () => {
    expect(model.descriptor).toMatchObject({ scale: 4, alignPx: 1, fixedPx: { width: 16, height: 16 }, seams: 'wide' });
    expect(model.descriptor.summary).toMatch(/samples rgb -1\.\.1, pictures enlarged 4x before it/);
    expect(optionsOf(model)).toMatchObject({ haloPx: 4, featherPx: 3 });
  });

  test('gets the enlarged picture in its range, and the values of its other inputs', async () => {
    const picture = testPicture(16, 16);
    const larger = enlargedByBicubic(planesOf(picture), 16, 16, 4).map((it) => Math.min(1, Math.max(0, it)));
    const extras = {
      timestep: new Tensor('int64', BigInt64Array.from(TIMESTEP, BigInt), [1]),
      prompt: new Tensor('float32', PROMPT_VALUES, [1, PROMPT.tokens, PROMPT.width]),
    };
    const expected = await runPlain(
      bytes,
      larger.map((it) => 2 * it - 1),
      [64, 64],
      extras,
    );
    expectLevels(
      await upscaled(model, picture),
      expected.map((it) => (it + 1) / 2),
    );
  });

  if (opset === 18)
    test('runs on larger and smaller pictures', async () => {
      for (const [width, height] of [
        [45, 30],
        [7, 20],
      ] as const) {
        const result = await upscaled(model, testPicture(width, height));
        expect([result.width, result.height]).toEqual([4 * width, 4 * height]);
      }
    });
});

test('with defaults in the file and free sizes it needs no sidecar', async () => {
  const bytes = writeDiffusion({ dimensions: ['batch', 3, 'h', 'w'], opset: 17, scale: 4, extras: 'defaults' });
  // What it adds is large beside 1, and lost beside 255: trying would take it for one of those.
  const model = await load('free', bytes, null, { range: '0..1' });
  expect(model.descriptor).toMatchObject({ scale: 4, alignPx: 8, fixedPx: null, seams: 'narrow' });
  const picture = testPicture(40, 24);
  expectLevels(await upscaled(model, picture), await runPlain(bytes, planesOf(picture), [24, 40], {}));
});

test('a network that reduces pictures to a 64th is tried on larger ones', async () => {
  const onnx = new ForeignOnnx();
  const folded = onnx.node('SpaceToDepth', ['input'], { blocksize: 64 });
  const bytes = onnx.finish(
    onnx.node('DepthToSpace', [onnx.node('Neg', [onnx.node('Neg', [folded])])], { blocksize: 64 }),
  );
  expect((await load('folded', bytes, null)).descriptor).toMatchObject({ scale: 1, alignPx: 64 });
  const enlarging = await load('folded-4x', bytes, { enlargeFirst: 4 });
  expect(enlarging.descriptor).toMatchObject({ scale: 4, alignPx: 16 });
});

test('other values are another network, and its files are known', async () => {
  const bytes = writeDiffusion({ dimensions: [1, 3, 64, 64], opset: 18, scale: 1, extras: 'inputs' });
  const path = join(folder, 'changing.onnx');
  const first = await load('changing', bytes, SIDECAR);
  expect(await networkFiles({ path })).toEqual([path, `${path}.json`, join(folder, 'prompt.bin')]);
  const hashes = [first.descriptor.contentHash];
  for (const change of [{ timestep: [500] }, { prompt: new Array<number>(24).fill(0) }]) {
    const other = { ...SIDECAR, inputs: { ...SIDECAR.inputs, ...change } };
    hashes.push((await load('changing', bytes, other)).descriptor.contentHash);
  }
  expect(new Set(hashes).size).toBe(3);
  const options = { cacheFolder: join(folder, 'imported') };
  expect((await importModel(path, options)).contentHash).toBe(hashes[2]);
  expect((await loadModel('changing', options)).descriptor.contentHash).toBe(hashes[2]);
  await load('changing', bytes, SIDECAR);
  await expect(importModel(path, { ...options, id: 'b' })).rejects.toThrow(/takes inputs from prompt\.bin/);
});
