import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect } from 'vitest';
import { type BuiltNetwork, buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { readCheckpoint } from '../../../src/core/model/checkpoint/read-checkpoint.ts';
import { coreOf, emitBare, type NetworkCore } from '../../../src/core/model/onnx/wrap-network.ts';
import { coreOfProgram, type Program } from '../../../src/core/model/program/program.ts';
import type { RandomAttention } from './writers/random-attention.ts';
import { seededRandom } from './writers/random-networks.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';

/** What PyTorch made of a network and a picture of `expectPytorch`: a few samples, and sums over all of them. */
interface Fact {
  readonly shape: readonly number[];
  readonly samples: readonly (readonly [index: number, value: number])[];
  readonly mean: number;
  readonly meanSquare: number;
}

const FACTS_FILE = join(import.meta.dirname, 'pytorch-facts.json');

/**
 * With UPREEL_PYTORCH=FOLDER the networks and pictures are written there, for bench/pytorch-facts.py to run, and what
 * it made of them is compared whole.
 */
const FOLDER = process.env.UPREEL_PYTORCH;

/** float32 sums in another order; the values are about 1. */
const LARGEST_DIFFERENCE = 1e-4;

/** Imports the weights as a .safetensors file and expects what PyTorch gives for a random picture of this size. */
export async function expectPytorch(
  name: string,
  { weights, integers }: RandomAttention,
  { width, height, channels = 3 }: { width: number; height: number; channels?: 1 | 3 },
): Promise<{ network: BuiltNetwork; program: Program | undefined }> {
  const file = writeSafetensors(weights, 'float32', integers);
  const random = seededRandom(11);
  const picture = Float32Array.from({ length: channels * height * width }, () => 0.5 + 0.5 * random());
  const shape = [1, channels, height, width];
  if (FOLDER !== undefined) {
    writeFileSync(join(FOLDER, `${name}.safetensors`), file);
    writeFileSync(join(FOLDER, `${name}.picture`), picture);
    writeFileSync(join(FOLDER, `${name}.json`), JSON.stringify(shape));
  }

  const network = buildFromWeights(readCheckpoint(file), `${name}.safetensors`);
  const core = coreOfBuilt(network);
  const made = await runBare(core, shape, picture);
  expect(made.dims).toEqual([1, channels, height * core.scale, width * core.scale]);
  await compare(name, made);
  return { network, program: network.kind === 'program' ? network.program : undefined };
}

export function coreOfBuilt(network: BuiltNetwork): NetworkCore {
  return network.kind === 'program' ? coreOfProgram(network.program) : coreOf(network.graph);
}

/** Runs it between float samples. @param picture default: all of one value */
export async function runBare(
  core: NetworkCore,
  shape: readonly number[],
  picture: Float32Array = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5),
): Promise<Tensor> {
  const options = { logSeverityLevel: 3, intraOpNumThreads: 1 } as const;
  const session = await InferenceSession.create(emitBare(core), options);
  const { upscaled } = await session.run({ source: new Tensor('float32', picture, shape) });
  await session.release();
  return upscaled!;
}

async function compare(name: string, made: Tensor): Promise<void> {
  const values = made.data as Float32Array;
  const whole = join(FOLDER ?? '', `${name}.made`);
  if (FOLDER !== undefined && existsSync(whole)) {
    const expected = new Float32Array(new Uint8Array(readFileSync(whole)).buffer);
    const largest = expected.reduce((most, value, index) => Math.max(most, Math.abs(value - values[index]!)), 0);
    writeFileSync(join(FOLDER, `${name}.difference`), `${name}\t${largest.toExponential(1)}\n`);
    expect(largest).toBeLessThan(LARGEST_DIFFERENCE);
  }
  const fact = facts()[name];
  if (fact === undefined && FOLDER !== undefined) return;
  expect(made.dims).toEqual(fact?.shape);
  for (const [index, value] of fact!.samples) {
    expect(Math.abs(values[index]! - value), `sample ${index}`).toBeLessThan(LARGEST_DIFFERENCE);
  }
  const mean = (of: (value: number) => number) => values.reduce((sum, value) => sum + of(value), 0) / values.length;
  expect(mean((value) => value)).toBeCloseTo(fact!.mean, 4);
  expect(mean((value) => value ** 2)).toBeCloseTo(fact!.meanSquare, 3);
}

function facts(): Readonly<Record<string, Fact>> {
  return existsSync(FACTS_FILE) ? JSON.parse(readFileSync(FACTS_FILE, 'utf8')) : {};
}
