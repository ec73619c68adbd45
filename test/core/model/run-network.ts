import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect } from 'vitest';
import type { NetworkVariant } from '../../../src/core/model/descriptor.ts';
import { type ImportedNetwork, importNetwork } from '../../../src/core/model/import/import-network.ts';
import { fromSamples, type Planes, toSamples } from '../../support/reference-evaluator.ts';
import { seededRandom } from './writers/random-networks.ts';

/** Imports files that exist only as bytes; the first is the one that a user would name. */
export async function importBytes(files: Readonly<Record<string, Uint8Array | string>>): Promise<ImportedNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'upreel-import-'));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    return await importNetwork({ path: join(folder, Object.keys(files)[0] ?? '') }, 'under-test');
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const RGB8: NetworkVariant = { bytesPerSample: 1, channels: 3 };

/**
 * Runs the wrapped network on a random picture and expects what the evaluation of the definition gives: at most one
 * level off, in at most 0.1 % (`shareOff`) of the samples. The result must not be saturated, or it would show nothing.
 */
export async function expectEqual(
  network: ImportedNetwork,
  evaluate: (picture: Planes) => Planes,
  variant: NetworkVariant = RGB8,
  size = { width: 12, height: 8 },
  shareOff = 0.001,
): Promise<void> {
  const { width, height } = size;
  const { channels, bytesPerSample } = variant;
  const white = bytesPerSample === 1 ? 255 : 65535;
  const random = seededRandom(7);
  const samples = Array.from({ length: width * height * channels }, () => Math.round((random() * 0.5 + 0.5) * white));
  const expected = toSamples(evaluate(fromSamples(samples, width, height, channels, white)), channels, white);

  const session = await InferenceSession.create(network.wrap(variant));
  const tensor =
    bytesPerSample === 1
      ? new Tensor('uint8', Uint8Array.from(samples), [1, height, width, channels])
      : new Tensor('uint16', Uint16Array.from(samples), [1, height, width, channels]);
  const { upscaled } = await session.run({ source: tensor });
  await session.release();
  const { scale } = network.descriptor;
  expect(upscaled?.dims).toEqual([1, height * scale, width * scale, channels]);
  expect(upscaled?.type).toBe(bytesPerSample === 1 ? 'uint8' : 'uint16');

  const actual = upscaled?.data as ArrayLike<number>;
  const inside = expected.filter((value) => value > 0 && value < white).length;
  expect(inside / expected.length, 'share of samples that are not saturated').toBeGreaterThan(0.3);
  const errors = expected.map((value, index) => Math.abs(value - actual[index]!));
  expect(Math.max(...errors)).toBeLessThanOrEqual(bytesPerSample === 1 ? 1 : 2);
  if (bytesPerSample === 1) {
    expect(errors.filter((error) => error > 0).length).toBeLessThanOrEqual(Math.max(1, errors.length * shareOff));
  }
}
