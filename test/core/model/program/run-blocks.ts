import { StateDict } from '../../../../src/core/model/checkpoint/state-dict.ts';
import { coreOfProgram } from '../../../../src/core/model/program/program.ts';
import type { Planes } from '../../../../src/core/model/program/program-builder.ts';
import { ProgramLayers } from '../../../../src/core/model/program/program-layers.ts';
import { type Tensor, tensor } from '../../../../src/core/model/tensor.ts';
import { runBare } from '../pytorch-facts.ts';
import { seededRandom } from '../writers/random-networks.ts';

/** A picture as planes: data[(channel * height + y) * width + x]. */
export interface Picture {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

export function randomPicture(channels: 1 | 3, height: number, width: number, seed = 1): Picture {
  const random = seededRandom(seed);
  return { channels, height, width, data: Float32Array.from({ length: channels * height * width }, random) };
}

/** The value of each sample is where it lies: channel * 10,000 + y * 100 + x. */
export function placesPicture(channels: 1 | 3, height: number, width: number): Picture {
  const data = Float32Array.from({ length: channels * height * width }, (_, index) => {
    const [y, x] = [Math.floor(index / width) % height, index % width];
    return Math.floor(index / (height * width)) * 10_000 + y * 100 + x;
  });
  return { channels, height, width, data };
}

/** Runs a part of a program by itself on a picture; what it makes may have any shape. */
export async function runBlock(
  { channels, height, width, data }: Picture,
  build: (layers: ProgramLayers, input: Planes) => Pick<Planes, 'step'>,
  weights: Readonly<Record<string, Tensor>> = {},
): Promise<{ shape: readonly number[]; data: Float32Array }> {
  const stored = Object.entries(weights).map(([key, weight]) => {
    return [key, { shape: weight.shape, type: 'float32', read: () => weight }] as const;
  });
  const layers = new ProgramLayers(new StateDict(new Map(stored)));
  const input = layers.input(channels);
  const { step } = build(layers, input);
  const made = await runBare(
    coreOfProgram(layers.finish({ ...input, step }, 1, 1)),
    [1, channels, height, width],
    data,
  );
  return { shape: made.dims, data: made.data as Float32Array };
}

export function randomTensor(shape: readonly number[], seed: number): Tensor {
  const random = seededRandom(seed);
  return tensor(shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random));
}
