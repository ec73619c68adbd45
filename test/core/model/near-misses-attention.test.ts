import { describe, expect, it } from 'vitest';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { readCheckpoint } from '../../../src/core/model/checkpoint/read-checkpoint.ts';
import { describeNetwork } from '../../../src/core/model/import-network.ts';
import type { Weights } from '../../support/reference-evaluator.ts';
import { coreOfBuilt, runBare } from './pytorch-facts.ts';
import { type RandomAttention, randomMosr, randomPlksr } from './writers/random-attention.ts';
import { randomCraft, randomFdat } from './writers/random-craft.ts';
import { randomCugan } from './writers/random-cugan.ts';
import { randomDat, randomRgt } from './writers/random-dat.ts';
import { randomGrl } from './writers/random-grl.ts';
import { randomDctlsa, randomDitn, randomMmRealSr, randomSeemore } from './writers/random-light.ts';
import { randomSafmn, randomSpanPlus } from './writers/random-modern.ts';
import { RandomLayers } from './writers/random-networks.ts';
import { randomOmnisr } from './writers/random-omnisr.ts';
import { randomDncnn, randomDrunet, randomFbcnn, randomNafnet, randomScunet } from './writers/random-restorers.ts';
import { randomSpsr } from './writers/random-spsr.ts';
import {
  randomAtd,
  randomDrct,
  randomHat,
  randomSrformer,
  randomSwin2sr,
  randomSwinir,
  type SwinShape,
} from './writers/random-swin.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';

const FRAME = { features: 16, heads: 2, depths: [2], upsampler: 'pixelshuffledirect', scale: 2 } as const;
const SWIN: SwinShape = { ...FRAME, window: 4 };
const FAMILIES: readonly (readonly [string, RandomAttention])[] = [
  ['plksr', randomPlksr({ features: 8, blocks: 1, scale: 2, real: true, norm: 'group' }, 1)],
  ['dat', randomDat({ ...FRAME, features: 32, heads: 4, window: [2, 4] }, 1)],
  ['rgt', randomRgt({ ...FRAME, features: 32, heads: 4, upsampler: 'pixelshuffle', window: [2, 4] }, 1)],
  ['swinir', randomSwinir(SWIN, 1)],
  ['srformer', randomSrformer(SWIN, 1)],
  ['hat', randomHat({ ...SWIN, upsampler: 'pixelshuffle', outer: 6 }, 1)],
  ['drct', randomDrct({ ...SWIN, features: 16, heads: 2, upsampler: 'pixelshuffle', growth: 6, groups: 1 }, 1)],
  ['mosr', randomMosr({ features: 8, blocks: 1, scale: 2, tail: 'gps' }, 1)],
  ['atd', randomAtd({ ...SWIN, entries: 5 }, 1)],
  ['real-cugan', randomCugan({ kind: 'x4', width: 4 }, 1)],
  ['spanplus', randomSpanPlus({ features: 8, blocks: [1], scale: 2, tail: 'ps' }, 1)],
  ['safmn', randomSafmn({ features: 8, blocks: 1, scale: 2 }, 1)],
  ['scunet', randomScunet({ features: 16, blocks: [1, 0, 0, 1], window: 4 }, 1)],
  ['nafnet', randomNafnet({ features: 4, encoders: [1], middle: 1, decoders: [1] }, 1)],
  ['fbcnn', randomFbcnn({ features: [4, 4, 4, 8], blocks: 1, hidden: 8 }, 1)],
  ['drunet', randomDrunet({ features: [4, 4, 4, 8], blocks: 1 }, 1)],
  ['dncnn', randomDncnn({ features: 4, convolutions: 4, norm: true, strength: true }, 1)],
  ['swin2sr', randomSwin2sr({ ...SWIN, upsampler: 'pixelshuffle_aux' }, 1)],
  ['ditn', randomDitn({ features: 8, blocks: 1, scale: 2 }, 1)],
  ['dctlsa', randomDctlsa({ features: 10, scale: 2 }, 1)],
  ['seemore', randomSeemore({ features: 8, layers: 1, experts: 2, scale: 2 }, 1)],
  ['mm-realsr', randomMmRealSr({ features: 4, growth: 2, blocks: 1, embedding: 8 }, 1)],
  ['craft', randomCraft({ features: 32, heads: 4, depths: [1], window: [2, 4], scale: 2 }, 1)],
  ['fdat', randomFdat({ features: 16, heads: 2, window: 4, scale: 2, upsampler: 'transpose+conv' }, 1)],
  ['spsr', randomSpsr({ features: 4, growth: 2, doublings: 1 }, 1)],
  ['grl', randomGrl({ ...FRAME, features: 16, window: 4, stripe: [4, 8], anchor: 2 }, 1)],
  ['omnisr', randomOmnisr({ features: 16, groups: 1, blocks: 1, window: 4, scale: 2 }, 1)],
];

function build({ weights, integers }: Pick<RandomAttention, 'integers'> & { weights: Weights }) {
  return buildFromWeights(readCheckpoint(writeSafetensors(weights, 'float32', integers)), 'n.safetensors');
}

/** Of weights in great number, the first of those whose names differ in numbers only. */
function oneOfEachKind(weights: Weights): Weights {
  if (weights.size < MANY) return weights;
  const kinds = new Map<string, string>();
  for (const [key, { shape }] of weights) {
    const kind = `${key.replaceAll(/\d+/g, '#')} ${shape}`;
    if (!kinds.has(kind)) kinds.set(kind, key);
  }
  return new Map([...kinds.values()].map((key) => [key, weights.get(key)!]));
}

const MANY = 150;

/** As an import does: a graph that makes a picture of another size is found out only then. */
function importWhole(network: Parameters<typeof build>[0]): void {
  const built = build(network);
  if (built.kind === 'graph') describeNetwork(built, 'n');
}

describe.each(FAMILIES)('%s', (architecture, network) => {
  it('is told from its kin', () => {
    expect(build(network).recognition.architecture).toBe(architecture);
  });

  it('with a part of another network is refused, and the part named', () => {
    const extra = new RandomLayers(1);
    extra.conv('layers.0.stranger', 4, 4);
    const weights = new Map([...network.weights, ...extra.weights]);
    expect(() => build({ ...network, weights })).toThrow(/such as layers\.0\.stranger/);
  });

  it('without one of its weights is refused', () => {
    for (const [key] of oneOfEachKind(network.weights)) {
      const weights = new Map(network.weights);
      weights.delete(key);
      // Convolutions and linear layers may be without a bias, and masks are made anew.
      if (isNeeded(key)) expect(() => build({ ...network, weights }), key).toThrow(REFUSED);
    }
  });

  it('with a weight that is longer along one axis is refused', () => {
    for (const [key, { shape, data }] of oneOfEachKind(network.weights)) {
      for (const axis of shape.keys()) {
        const longer = shape.map((length, index) => length + (index === axis ? 1 : 0));
        const count = (data.length / shape[axis]!) * longer[axis]!;
        const weights = new Map(network.weights).set(key, { shape: longer, data: new Float32Array(count) });
        if (isNeeded(key)) expect(() => importWhole({ ...network, weights }), `${key} [${longer}]`).toThrow(REFUSED);
      }
    }
  });

  it('takes pictures of any size', async () => {
    const built = build(network);
    const core = coreOfBuilt(built);
    for (const [height, width] of [
      [1, 1],
      [2, 9],
      [17, 3],
    ] as const) {
      const made = await runBare(core, [1, 3, height, width]);
      expect(made.dims).toEqual([1, 3, height * core.scale, width * core.scale]);
      expect((made.data as Float32Array).every(Number.isFinite)).toBe(true);
    }
  });
});

const REFUSED = expect.objectContaining({ code: expect.stringMatching(/^model-(refused|unsupported)$/) });

/** Whether a network without it is not just another network. */
function isNeeded(key: string): boolean {
  return !/attn_mask|relative_coords_table|^table_|conv_w|model\.5\.weight|biases_v|inter\.[sc]g|[qv]_bias|eval_conv|relative_position_params|rpe_biases|\.bias$/.test(
    key,
  );
}
