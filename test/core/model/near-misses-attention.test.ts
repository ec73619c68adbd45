import { describe, expect, it } from 'vitest';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { readCheckpoint } from '../../../src/core/model/checkpoint/read-checkpoint.ts';
import { describeNetwork } from '../../../src/core/model/import/import-network.ts';
import type { Weights } from '../../support/reference-evaluator.ts';
import { coreOfBuilt, runBare } from './pytorch-facts.ts';
import { SMALL_NETWORKS, SMALL_VARIANTS } from './small-networks.ts';
import type { RandomAttention } from './writers/random-attention.ts';
import { RandomLayers } from './writers/random-networks.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';

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

describe.each(SMALL_NETWORKS)('%s', (architecture, network) => {
  it('is told from its kin', () => {
    expect(build(network).recognition.architecture).toBe(architecture);
  });
});

/** With layers that no other network here has. */
const OF_THEIR_OWN = new Set(['swin2sr-fine', 'fdat-lda', 'grl-convolved', 'grl-merging']);

describe.each([...SMALL_NETWORKS, ...SMALL_VARIANTS.filter(([name]) => OF_THEIR_OWN.has(name))])('%s', (_, network) => {
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
