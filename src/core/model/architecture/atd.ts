import { attend, unitRows } from '../program/attention.ts';
import { attendCategories } from '../program/categories.ts';
import { convolvedMlp } from '../program/mlp.ts';
import type { StepIndex } from '../program/program.ts';
import { indexVector, type Pixels, type Tokens } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import {
  buildFrame,
  connection,
  type FramePlan,
  ignoreBuffers,
  planFrame,
  summariseFrame,
} from '../program/restoration-frame.ts';
import { openSwinWindows, type SwinWindows, splitQkv, swinTable } from '../program/swin-attention.ts';
import { tensor } from '../tensor.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface AtdPlan {
  readonly frame: FramePlan;
  readonly groups: readonly { readonly blocks: number; readonly heads: number }[];
  readonly side: number;
  /** Entries of each group's dictionary. */
  readonly entries: number;
  /** Places that are compared with each other because they are most like one entry. */
  readonly categorySize: number;
  readonly hasMean: boolean;
}

/**
 * ATD (Adaptive Token Dictionary, Zhang et al. 2024; ATD, ATD-light): beside the attention of shifted windows, each
 * place attends to a dictionary, and to others that its best entry is the same for, wherever they are in the picture.
 * What each block makes refines the dictionary for the next.
 */
export const atd = defineArchitecture<AtdPlan>({
  architecture: 'atd',
  title: 'ATD',
  requiredKeys: [
    'conv_first.weight',
    'layers.0.residual_group.td',
    'layers.0.residual_group.layers.0.attn_atd.scale',
    'layers.0.residual_group.layers.0.attn_aca.logit_scale',
  ],

  recognise: (state) =>
    state.has('layers.0.residual_group.td') && state.has(`${nameOf(0, 0)}.attn_aca.logit_scale`) ? state : undefined,

  plan(state) {
    const frame = planFrame(state, 'ATD');
    const groups = countConsecutive(state, (group) => `layers.${group}.residual_group.td`);
    const isLight = frame.upsampler === 'pixelshuffledirect' && frame.features === 48;
    return {
      frame,
      groups: Array.from({ length: groups }, (_, group) => ({
        blocks: countConsecutive(state, (block) => `${nameOf(group, block)}.wqkv.weight`),
        heads: swinTable(state, `${nameOf(group, 0)}.attn_win`).heads,
      })),
      side: swinTable(state, `${nameOf(0, 0)}.attn_win`).side,
      entries: axis(state, 'layers.0.residual_group.td', 0),
      // Not in the file: these are the authors' two configurations.
      categorySize: isLight ? 128 : 256,
      hasMean: !state.has('no_norm'),
    };
  },

  summarise: ({ frame, groups, side, entries, categorySize }) =>
    [
      ...summariseFrame(frame),
      `${groups.map(({ blocks }) => blocks).join('+')} blocks`,
      `windows ${side}`,
      `${entries} entries, categories of ${categorySize}`,
    ].join(', '),

  build({ frame, groups, side, entries, categorySize, hasMean }, state) {
    ignoreBuffers(state);
    state.ignore('no_norm');
    const layers = new ProgramLayers(state);
    // A whole category at least.
    const least = Math.ceil(Math.sqrt(categorySize));
    return buildFrame(layers, frame, { multiple: side, least, padding: 'symmetric', hasMean }, (first) => {
      const windows = openSwinWindows(layers, first, side);
      const embedded = layers.toPixels(first);
      let value = layers.has('patch_embed.norm.weight') ? layers.layerNorm(embedded, 'patch_embed.norm') : embedded;
      groups.forEach(({ blocks, heads }, group) => {
        const before = value;
        let dictionary = openDictionary(layers, `layers.${group}.residual_group.td`, entries, value.channels);
        for (let block = 0; block < blocks; block++) {
          const shape = { heads, windows, categorySize, isShifted: block % 2 === 1 };
          const made = dictionaryBlock(layers, value, dictionary, nameOf(group, block), shape);
          value = made.value;
          if (block < blocks - 1) dictionary = refined(layers, dictionary, made, nameOf(group, block));
        }
        const ended = connection(layers, layers.toPlanes(value), `layers.${group}.conv`);
        value = layers.add(layers.toPixels(ended), before);
      });
      return layers.toPlanes(layers.layerNorm(value, 'norm'));
    });
  },
});

function nameOf(group: number, block: number): string {
  return `layers.${group}.residual_group.layers.${block}`;
}

/** [entries, channels] */
type Dictionary = Tokens & { readonly entries: number };

function openDictionary(layers: ProgramLayers, key: string, entries: number, channels: number): Dictionary {
  const step = layers.step('Identity', [layers.weight(key, [entries, channels])]);
  return { layout: 'tokens', step, channels, density: 0, extent: step, entries };
}

interface BlockResult {
  readonly value: Pixels;
  /** How much each place attended to each entry, [places, entries]. */
  readonly likeness: StepIndex;
}

function dictionaryBlock(
  layers: ProgramLayers,
  input: Pixels,
  dictionary: Dictionary,
  name: string,
  shape: { heads: number; windows: SwinWindows; categorySize: number; isShifted: boolean },
): BlockResult {
  const { heads, windows, categorySize, isShifted } = shape;
  const normed = layers.layerNorm(input, `${name}.norm1`);
  const qkv = layers.linear(normed, `${name}.wqkv`, 3 * input.channels);
  const looked = lookUp(layers, normed, dictionary, `${name}.attn_atd`);
  const [logScale = 0] = layers.weight(`${name}.attn_aca.logit_scale`, [1, 1]).data;
  const scale = Math.exp(Math.min(logScale, Math.log(100)));
  const alike = attendCategories(layers, qkv, looked.likeness, { heads, size: categorySize, scale });

  const cut = windows.of(isShifted);
  const [q, k, v] = splitQkv(layers, cut.split(qkv));
  const bias = windows.bias(`${name}.attn_win`, heads);
  const near = attend(layers, q, k, v, { heads, tokens: cut.tokens, bias, mask: cut.mask });
  const windowed = cut.join(layers.linear(near, `${name}.attn_win.proj`));

  const beside = layers.add(looked.value, layers.linear(alike, `${name}.attn_aca.proj`));
  const sum = layers.add(layers.add(input, windowed), beside);
  const mixed = convolvedMlp(layers, layers.layerNorm(sum, `${name}.norm2`), `${name}.convffn`);
  return { value: layers.add(sum, mixed), likeness: looked.likeness };
}

/** Attention of each place to the entries, compared by direction in a few dimensions. */
function lookUp(layers: ProgramLayers, input: Pixels, dictionary: Dictionary, name: string): BlockResult {
  const queries = layers.linear(input, `${name}.wq`);
  const keys = layers.linear(dictionary, `${name}.wk`, queries.channels);
  const values = layers.linear(dictionary, `${name}.wv`, input.channels);
  const { entries } = dictionary;
  const { data } = layers.weight(`${name}.scale`, [entries]);
  // 1 + scale * ln(entries) for each entry, the scale within 0 and 1.
  const gains = data.map((value) => 1 + Math.min(Math.max(value, 0), 1) * Math.log(entries));
  const turned = layers.step('Transpose', [unitRows(layers, keys.step)], { perm: [1, 0] });
  const compared = layers.step('MatMul', [unitRows(layers, queries.step), turned]);
  const weighed = layers.step('Mul', [compared, tensor([entries], gains)]);
  const likeness = layers.step('Softmax', [weighed], { axis: -1 });
  layers.countWork(entries * (queries.channels + input.channels) * input.density);
  return { value: { ...input, step: layers.step('MatMul', [likeness, values.step]) }, likeness };
}

/** Each entry moves towards the mean of the places, weighed by how much they are like it. */
function refined(layers: ProgramLayers, dictionary: Dictionary, made: BlockResult, name: string): Dictionary {
  const { entries } = dictionary;
  const sigma = layers.weight(`${name}.sigma`, [entries, 1]);
  const kept = sigma.data.map((value) => 1 / (1 + Math.exp(-value)));
  const turned = layers.step('Transpose', [made.likeness], { perm: [1, 0] });
  const [gain, offset] = ['weight', 'bias'].map((part) => layers.weight(`${name}.norm3.${part}`, [entries]));
  const batch = layers.step('Unsqueeze', [turned, indexVector([0])]);
  const normed = layers.step('InstanceNormalization', [batch, gain!, offset!], { epsilon: { float: 1e-5 } });
  const weights = layers.step('Softmax', [layers.step('Squeeze', [normed, indexVector([0])])], { axis: -1 });
  const mean = layers.step('MatMul', [weights, made.value.step]);
  const old = layers.step('Mul', [dictionary.step, tensor([entries, 1], kept)]);
  const fresh = layers.step('Mul', [
    mean,
    tensor(
      [entries, 1],
      kept.map((value) => 1 - value),
    ),
  ]);
  return { ...dictionary, step: layers.step('Add', [old, fresh]) };
}
