import { unsupported } from '../import/refusal.ts';
import { cropToSize, padToMultiple } from '../program/padding.ts';
import type { Planes } from '../program/program-builder.ts';
import { floatScalar, indexVector } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { DIV2K_MEAN } from '../program/restoration-frame.ts';
import { type Tensor, tensor } from '../tensor.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface SeemorePlan {
  readonly features: number;
  readonly blocks: number;
  /** Ranks of the experts, of which one is chosen for the whole picture. */
  readonly ranks: readonly number[];
  readonly scale: number;
  /** Whether the halves of the channels are interleaved, and how often the context is made smaller by four. */
  readonly isShuffled: boolean;
  readonly reductions: number;
}

/**
 * SeemoRe (Zamfir et al. 2024; tiny, big and large): blocks that multiply low-rank views of features and of a small
 * picture, by the expert that suits the picture best, and blocks of striped kernels.
 */
export const seemore = defineArchitecture<SeemorePlan>({
  architecture: 'seemore',
  title: 'SeemoRe',
  requiredKeys: [
    'conv_1.weight',
    'body.0.local_block.block.moe_layer.gate.body.2.weight',
    'body.0.global_block.block.proj.weight',
  ],

  recognise: (state) =>
    state.has('body.0.local_block.block.proj.weight') && state.has('body.0.global_block.block.proj.weight')
      ? state
      : undefined,

  plan(state) {
    const scale = Math.sqrt(axis(state, 'upsampler.0.weight', 0) / 3);
    const features = axis(state, 'conv_1.weight', 0);
    if (axis(state, 'conv_1.weight', 1) !== 3 || !Number.isInteger(scale)) {
      throw unsupported(`The SeemoRe network enlarges ${scale} times; upreel runs those from RGB to RGB.`);
    }
    const blocks = countConsecutive(state, (index) => `body.${index}.local_block.block.proj.weight`);
    const expert = (index: number) => `body.0.local_block.block.moe_layer.experts.${index}.conv_1.weight`;
    const experts = countConsecutive(state, expert);
    const ranks = Array.from({ length: experts }, (_, index) => axis(state, expert(index), 0));
    // Not in the file: what sets the authors' large network apart.
    const isLarge = blocks === 16 && features === 48;
    return { features, blocks, ranks, scale, isShuffled: !isLarge, reductions: isLarge ? 1 : 2 };
  },

  summarise: ({ features, blocks, ranks }) => `${features} feat, ${blocks} blocks, ${ranks.length} experts`,

  build({ blocks, scale, ...plan }, state) {
    const layers = new ProgramLayers(state);
    const input = layers.input(3);
    const padded = padToMultiple(layers, input, 1, 'reflect', 4 ** plan.reductions);
    const mean = tensor([3], Float32Array.from(DIV2K_MEAN));
    const one = tensor([1], Float32Array.of(1));
    const centred = layers.scaled(
      padded,
      one,
      tensor(
        [3],
        mean.data.map((value) => -value),
      ),
    );
    const first = layers.conv(centred, 'conv_1');
    let value = first;
    for (let index = 0; index < blocks; index++) {
      const name = `body.${index}`;
      value = residuals(layers, value, `${name}.local_block`, (planes, own) => experts(layers, planes, own, plan));
      value = residuals(layers, value, `${name}.global_block`, (planes, own) => striped(layers, planes, own));
    }
    const sum = layers.add(layers.conv(layers.layerNormPlanes(value, 'norm', 1e-6), 'conv_2'), first);
    const made = layers.scaled(layers.pixelShuffle(layers.conv(sum, 'upsampler.0'), scale), one, mean);
    return layers.finish(cropToSize(layers, made, layers.sizeOf(input), scale), scale, 1);
  },
});

type Expertise = Pick<SeemorePlan, 'ranks' | 'isShuffled' | 'reductions'>;

/** The block's own layer and a gated one, each with a norm before it and a residual around. */
function residuals(
  layers: ProgramLayers,
  input: Planes,
  name: string,
  own: (planes: Planes, name: string) => Planes,
): Planes {
  const sum = layers.add(own(layers.layerNormPlanes(input, `${name}.norm_1`, 1e-6), `${name}.block`), input);
  return layers.add(gated(layers, layers.layerNormPlanes(sum, `${name}.norm_2`, 1e-6), `${name}.ffn`), sum);
}

function gated(layers: ProgramLayers, planes: Planes, name: string): Planes {
  const wide = layers.activate(layers.conv(planes, `${name}.fn_1.0`), 'gelu');
  const half = wide.channels / 2;
  const gate = layers.conv(layers.channels(wide, half, wide.channels), `${name}.gate`, { groups: half });
  return layers.activate(layers.conv(layers.multiply(layers.channels(wide, 0, half), gate), `${name}.fn_2.0`), 'gelu');
}

function striped(layers: ProgramLayers, planes: Planes, name: string): Planes {
  const both = layers.activate(layers.conv(planes, `${name}.to_qv.0`), 'gelu');
  const half = both.channels / 2;
  const seen = crossed(layers, layers.channels(both, 0, half), `${name}.attn`);
  return layers.conv(layers.multiply(seen, layers.channels(both, half, both.channels)), `${name}.proj`);
}

/** A lying kernel and an upright one. */
function crossed(layers: ProgramLayers, planes: Planes, name: string): Planes {
  const options = { groups: planes.channels };
  return layers.conv(layers.conv(planes, `${name}.conv.0`, options), `${name}.conv.1`, options);
}

function experts(
  layers: ProgramLayers,
  planes: Planes,
  name: string,
  { ranks, isShuffled, reductions }: Expertise,
): Planes {
  const wide = layers.activate(layers.conv(planes, `${name}.conv_1.0`), 'gelu');
  const weight = layers.weight(`${name}.conv_1.2.weight`, [2 * planes.channels, planes.channels, 1, 1]);
  const bias = layers.weight(`${name}.conv_1.2.bias`, [2 * planes.channels]);
  const order = (values: Tensor) => (isShuffled ? interleaved(values) : values);
  const both = layers.convolved(wide, order(weight), order(bias));
  const near = layers.channels(both, 0, planes.channels);
  const far = layers.channels(both, planes.channels, both.channels);
  const features = layers.activate(crossed(layers, near, `${name}.conv_2.0`), 'gelu');
  const context = layers.add(far, surroundings(layers, far, name, reductions));
  return layers.conv(chosenExpert(layers, features, context, `${name}.moe_layer`, ranks), `${name}.proj`);
}

/** The rows of the two halves by turns. */
function interleaved({ shape, data }: Tensor): Tensor {
  const [rows = 0] = shape;
  const length = data.length / rows;
  const source = (row: number) => (row % 2) * (rows / 2) + (row >> 1);
  const moved = Float32Array.from(data, (_, at) => data[source(Math.floor(at / length)) * length + (at % length)]!);
  return tensor(shape, moved);
}

/** A small picture's view, stretched over the whole. */
function surroundings(layers: ProgramLayers, planes: Planes, name: string, reductions: number): Planes {
  const groups = planes.channels;
  let small = planes;
  for (let time = 0; time < reductions; time++) {
    const reduced = layers.conv(small, `${name}.agg_conv.0`, { groups, stride: 4, padding: 'none', kernel: 4 });
    small = layers.activate(reduced, 'gelu');
  }
  const seen = layers.conv(layers.conv(small, `${name}.conv.0`, { groups }), `${name}.conv.1`);
  return layers.stretchTo(seen, planes);
}

/**
 * The features and what the best expert adds, times how sure the choice is. All experts are one of the sum of their
 * ranks, in which the others count for nothing.
 */
function chosenExpert(
  layers: ProgramLayers,
  features: Planes,
  context: Planes,
  name: string,
  ranks: readonly number[],
): Planes {
  const { channels } = features;
  const mean = layers.toPixels(layers.globalMean(features));
  const chances = layers.step('Softmax', [layers.linear(mean, `${name}.gate.body.2`, ranks.length).step], { axis: -1 });
  const best = layers.step('ReduceMax', [chances], { axes: [-1], keepdims: 1 });
  const isBest = layers.step('GreaterOrEqual', [chances, best]);
  const sureness = layers.step('Where', [isBest, chances, floatScalar(0)]);
  const weights = (part: string, of: (rank: number) => readonly [number, number]) =>
    ranks.map((rank, expert) => layers.weight(`${name}.experts.${expert}.${part}.weight`, [...of(rank), 1, 1]));
  const biases = (part: string, of: (rank: number) => number) =>
    ranks.map((rank, expert) => layers.weight(`${name}.experts.${expert}.${part}.bias`, [of(rank)]));
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  const lowRank = (planes: Planes, part: string): Planes => {
    const weight = joined(
      [total, channels, 1, 1],
      weights(part, (rank) => [rank, channels]),
    );
    return layers.convolved(
      planes,
      weight,
      joined(
        [total],
        biases(part, (rank) => rank),
      ),
    );
  };
  const product = layers.multiply(lowRank(context, 'conv_2'), lowRank(features, 'conv_1'));
  const perRank = layers.step('MatMul', [sureness, spread(ranks, total)]);
  const weighed = layers.step('Mul', [product.step, layers.step('Reshape', [perRank, indexVector([1, total, 1, 1])])]);
  const back = sideBySide(
    channels,
    total,
    weights('conv_3', (rank) => [channels, rank]),
  );
  const made = layers.convolved({ ...product, step: weighed }, back, null);
  const offsets = joined(
    [ranks.length, channels],
    biases('conv_3', () => channels),
  );
  const offset = layers.step('Reshape', [layers.step('MatMul', [sureness, offsets]), indexVector([1, channels, 1, 1])]);
  return layers.add(features, { ...made, step: layers.step('Add', [made.step, offset]) });
}

/** One behind the other. */
function joined(shape: readonly number[], parts: readonly Tensor[]): Tensor {
  return tensor(shape, Float32Array.from(parts.flatMap(({ data }) => [...data])));
}

/** [channels, rank] of each expert as one of [channels, total]. */
function sideBySide(channels: number, total: number, parts: readonly Tensor[]): Tensor {
  const data = new Float32Array(channels * total);
  let begin = 0;
  for (const part of parts) {
    const rank = part.shape[1] ?? 0;
    for (let out = 0; out < channels; out++) {
      data.set(part.data.subarray(out * rank, (out + 1) * rank), out * total + begin);
    }
    begin += rank;
  }
  return tensor([channels, total, 1, 1], data);
}

/** [experts, total]: which ranks are whose. */
function spread(ranks: readonly number[], total: number): Tensor {
  const owners = ranks.flatMap((rank, expert) => new Array<number>(rank).fill(expert));
  const data = new Float32Array(ranks.length * total);
  owners.forEach((expert, rank) => {
    data[expert * total + rank] = 1;
  });
  return tensor([ranks.length, total], data);
}
