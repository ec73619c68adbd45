import { refused } from '../import/refusal.ts';
import { gatedMlp } from '../program/mlp.ts';
import type { Pixels } from '../program/program-builder.ts';
import type { ProgramLayers } from '../program/program-layers.ts';
import { rectangleAttention } from '../program/rectangle-attention.ts';
import { splitQkv } from '../program/swin-attention.ts';
import { defineArchitecture } from './architecture.ts';
import {
  buildRectangles,
  planRectangles,
  type RectangleBlock,
  type RectanglePlan,
  summariseRectangles,
} from './rectangle-groups.ts';

/**
 * RGT (Recursive Generalization Transformer, Chen et al. 2024; RGT, RGT-S): blocks that attend in turn within
 * rectangular windows and to a picture made 16 times smaller. Its authors' code makes pictures from 1024 pixels on 64
 * times smaller; this one does not, because a tile should be treated as its picture is.
 */
export const rgt = defineArchitecture<RectanglePlan>({
  architecture: 'rgt',
  title: 'RGT',
  requiredKeys: [
    'conv_first.weight',
    'before_RG.1.weight',
    'layers.0.blocks.0.gamma',
    'layers.0.blocks.0.mlp.sg.norm.weight',
  ],

  recognise: (state) =>
    state.has('layers.0.blocks.0.gamma') && state.has('layers.0.blocks.0.mlp.sg.norm.weight') ? state : undefined,

  plan: (state) => planRectangles(state, 'RGT'),

  summarise: summariseRectangles,

  build: (plan, state) =>
    buildRectangles(
      state,
      plan,
      (layers, value, name, at) => {
        const normed = layers.layerNorm(value, `${name}.norm1`);
        const attend = at.isLocal ? localAttention : recursiveAttention;
        const attended = layers.add(value, attend(layers, normed, `${name}.attn`, at));
        const mixed = gatedMlp(layers, layers.layerNorm(attended, `${name}.norm2`), `${name}.mlp`);
        const gain = layers.weight(`${name}.gamma`, [value.channels]);
        const kept = { ...value, step: layers.step('Mul', [value.step, gain]) };
        return layers.add(layers.add(attended, mixed), kept);
      },
      REDUCTION ** RECURSIONS,
    ),
});

/** The recursions that it was trained with, each a strided convolution. */
const RECURSIONS = 2;
const REDUCTION = 4;

function localAttention(layers: ProgramLayers, input: Pixels, name: string, at: RectangleBlock): Pixels {
  const qkv = layers.linear(input, `${name}.qkv`, 3 * input.channels);
  const attended = rectangleAttention(layers, qkv, name, at);
  const values = layers.toPlanes(splitQkv(layers, qkv)[2]);
  const beside = layers.conv(values, `${name}.get_v`, { groups: input.channels });
  return layers.linear(layers.add(attended, layers.toPixels(beside)), `${name}.proj`);
}

function recursiveAttention(layers: ProgramLayers, input: Pixels, name: string, { heads }: RectangleBlock): Pixels {
  const groups = input.channels;
  let small = layers.toPlanes(input);
  for (let time = 0; time < RECURSIONS; time++) {
    small = layers.conv(small, `${name}.reduction1`, { groups, stride: REDUCTION, padding: 'none', kernel: REDUCTION });
  }
  const narrow = layers.conv(layers.conv(small, `${name}.dwconv`, { groups }), `${name}.conv`);
  const seen = layers.activate(layers.layerNorm(layers.toPixels(narrow), `${name}.norm_act.0`), 'gelu');
  const keys = layers.linear(seen, `${name}.k`);
  const values = layers.linear(seen, `${name}.v`, input.channels);
  const queries = layers.linear(input, `${name}.q`, keys.channels);
  const beside = layers.conv(layers.toPlanes(values), `${name}.cpe`, { groups });
  const made = attendAll(layers, queries, keys, layers.add(values, layers.toPixels(beside)), heads);
  return layers.linear(made, `${name}.proj`);
}

/**
 * Attention of each place to all of the smaller picture. Head by head, because the weights of one head, a number for
 * each pair of places, are by far the largest value of the network.
 */
function attendAll(layers: ProgramLayers, q: Pixels, k: Pixels, v: Pixels, heads: number): Pixels {
  const [width, made] = [q.channels / heads, v.channels / heads];
  if (!Number.isInteger(width) || !Number.isInteger(made)) {
    throw refused(`it has ${q.channels} and ${v.channels} channels for ${heads} heads.`);
  }
  layers.takesInAll();
  const parts = Array.from({ length: heads }, (_, head) => {
    const part = (rows: Pixels, size: number) => layers.channels(rows, head * size, (head + 1) * size);
    const query = layers.times(part(q, width), width ** -0.5);
    const turned = layers.step('Transpose', [part(k, width).step], { perm: [1, 0] });
    const weights = layers.step('Softmax', [layers.step('MatMul', [query.step, turned])], { axis: -1 });
    return { ...q, channels: made, step: layers.step('MatMul', [weights, part(v, made).step]) };
  });
  const [first, ...others] = parts;
  return layers.concat([first!, ...others]);
}
