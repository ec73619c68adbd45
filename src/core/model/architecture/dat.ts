import { attend, attendChannels } from '../program/attention.ts';
import { normedConvolution } from '../program/batch-norm.ts';
import { dynamicBias, rectangleOf } from '../program/position-bias.ts';
import type { Pixels, Planes, Tokens } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import {
  buildFrame,
  connection,
  type FramePlan,
  ignoreBuffers,
  planFrame,
  summariseFrame,
} from '../program/restoration-frame.ts';
import { cutWindows, type Windows } from '../program/windows.ts';
import { unsupported } from '../refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface DatPlan {
  readonly frame: FramePlan;
  readonly groups: readonly { readonly blocks: number; readonly heads: number }[];
  /** Height and width of the windows of the first half of the channels; the second has them turned. */
  readonly window: readonly [number, number];
}

/**
 * DAT (Dual Aggregation Transformer, Chen et al. 2023; DAT, DAT-S, DAT-2, DAT-light): blocks that attend in turn within
 * rectangular windows, one half of the channels in upright ones and the other in lying ones, and between channels. A
 * depthwise convolution runs beside either, and each weighs the other.
 */
export const dat = defineArchitecture<DatPlan>({
  architecture: 'dat',
  title: 'DAT',
  requiredKeys: [
    'conv_first.weight',
    'before_RG.1.weight',
    'layers.0.blocks.0.attn.attns.0.rpe_biases',
    'layers.0.blocks.0.ffn.sg.norm.weight',
  ],

  recognise: (state) =>
    state.has('before_RG.1.weight') && state.has('layers.0.blocks.0.ffn.sg.norm.weight') ? state : undefined,

  plan(state) {
    const window = rectangleOf(state, 'layers.0.blocks.0.attn.attns.0');
    if (Math.max(...window) % Math.min(...window) !== 0) {
      throw unsupported(
        `The DAT network has windows of ${window.join('x')} pixels, of which neither side divides the other.`,
      );
    }
    const groups = Array.from(
      { length: countConsecutive(state, (group) => `layers.${group}.blocks.0.norm1.weight`) },
      (_, group) => ({
        blocks: countConsecutive(state, (block) => `layers.${group}.blocks.${block}.norm1.weight`),
        heads: 2 * axis(state, `layers.${group}.blocks.0.attn.attns.0.pos.pos3.2.weight`, 0),
      }),
    );
    return { frame: planFrame(state, 'DAT'), groups, window };
  },

  summarise: ({ frame, groups, window }) =>
    [
      ...summariseFrame(frame),
      `${groups.map(({ blocks }) => blocks).join('+')} blocks`,
      `windows ${window.join('x')}`,
    ].join(', '),

  build({ frame, groups, window }, state) {
    ignoreBuffers(state);
    const layers = new ProgramLayers(state);
    return buildFrame(layers, frame, { multiple: 1, window: Math.max(...window) }, (first) => {
      const windows = openWindows(layers, first, window);
      let value = layers.layerNorm(layers.toPixels(first), 'before_RG.1');
      groups.forEach(({ blocks, heads }, group) => {
        const before = value;
        for (let block = 0; block < blocks; block++) {
          const name = `layers.${group}.blocks.${block}`;
          const normed = layers.layerNorm(value, `${name}.norm1`);
          // Every fourth block shifts its windows, in groups of odd number from the first on.
          const isShifted = block % 4 === (group % 2 === 0 ? 2 : 0);
          const attended =
            block % 2 === 0
              ? spatialAttention(layers, normed, `${name}.attn`, { heads, windows: windows(isShifted), window })
              : channelAttention(layers, normed, `${name}.attn`, heads);
          value = layers.add(value, attended);
          value = layers.add(value, gatedMlp(layers, layers.layerNorm(value, `${name}.norm2`), `${name}.ffn`));
        }
        const made = connection(layers, layers.toPlanes(value), `layers.${group}.conv`);
        value = layers.add(before, layers.toPixels(made));
      });
      return layers.toPlanes(layers.layerNorm(value, 'norm'));
    });
  },
});

type Branches = readonly [upright: Windows, lying: Windows];

/** Made when first asked for, once for all blocks. */
function openWindows(
  layers: ProgramLayers,
  planes: Planes,
  [height, width]: readonly [number, number],
): (isShifted: boolean) => Branches {
  const size = layers.sizeOf(planes);
  const known = new Map<boolean, Branches>();
  const cut = (h: number, w: number, isShifted: boolean) =>
    cutWindows(
      layers,
      size,
      { height: h, width: w, shift: isShifted ? [h >> 1, w >> 1] : [0, 0] },
      Math.max(height, width),
    );
  return (isShifted) => {
    const branches = known.get(isShifted) ?? [cut(height, width, isShifted), cut(width, height, isShifted)];
    known.set(isShifted, branches);
    return branches;
  };
}

function spatialAttention(
  layers: ProgramLayers,
  input: Pixels,
  name: string,
  { heads, windows, window }: { heads: number; windows: Branches; window: readonly [number, number] },
): Pixels {
  const { channels } = input;
  const half = channels / 2;
  const qkv = layers.linear(input, `${name}.qkv`, 3 * channels);
  const [upright, lying] = windows.map((cut, branch) => {
    const [q, k, v] = [0, 1, 2].map((part) => {
      const start = part * channels + branch * half;
      return cut.split(layers.channels(qkv, start, start + half));
    }) as [Tokens, Tokens, Tokens];
    const [height, width] = window;
    const bias = dynamicBias(layers, `${name}.attns.${branch}.pos`, branch === 0 ? [height, width] : [width, height]);
    return cut.join(attend(layers, q, k, v, { heads: heads / 2, tokens: cut.tokens, bias, mask: cut.mask }));
  }) as [Pixels, Pixels];
  const attended = layers.toPlanes(layers.concat([upright, lying]));
  const beside = convolvedValues(layers, layers.channels(qkv, 2 * channels, 3 * channels), name);
  const perChannel = channelWeights(layers, beside, name);
  const perPlace = placeWeights(layers, attended, name);
  return project(layers, layers.add(layers.multiply(attended, perChannel), layers.multiply(beside, perPlace)), name);
}

function channelAttention(layers: ProgramLayers, input: Pixels, name: string, heads: number): Pixels {
  const { channels } = input;
  const qkv = layers.linear(input, `${name}.qkv`, 3 * channels);
  const [q, k, v] = [0, 1, 2].map((part) => layers.channels(qkv, part * channels, (part + 1) * channels)) as [
    ...[Pixels, Pixels, Pixels],
  ];
  // Windows of one place, compared across all of them.
  const token = (pixels: Pixels): Tokens => ({ ...pixels, layout: 'tokens' });
  const shape = { heads, tokens: 1, temperature: `${name}.temperature`, across: true };
  const made = attendChannels(layers, token(q), token(k), token(v), shape);
  const attended = layers.toPlanes({ ...made, layout: 'pixels' });
  const beside = convolvedValues(layers, v, name);
  const perChannel = channelWeights(layers, attended, name);
  const perPlace = placeWeights(layers, beside, name);
  return project(layers, layers.add(layers.multiply(attended, perPlace), layers.multiply(beside, perChannel)), name);
}

function convolvedValues(layers: ProgramLayers, values: Pixels, name: string): Planes {
  const planes = layers.toPlanes(values);
  const options = { groups: values.channels };
  return layers.activate(normedConvolution(layers, planes, `${name}.dwconv.0`, `${name}.dwconv.1`, options), 'gelu');
}

function channelWeights(layers: ProgramLayers, planes: Planes, name: string): Planes {
  return weights(layers, layers.globalMean(planes), `${name}.channel_interaction`, 1);
}

function placeWeights(layers: ProgramLayers, planes: Planes, name: string): Planes {
  return weights(layers, planes, `${name}.spatial_interaction`, 0);
}

/** @param first number of the first of its layers */
function weights(layers: ProgramLayers, planes: Planes, name: string, first: number): Planes {
  const narrow = normedConvolution(layers, planes, `${name}.${first}`, `${name}.${first + 1}`);
  return layers.activate(layers.conv(layers.activate(narrow, 'gelu'), `${name}.${first + 3}`), 'sigmoid');
}

function project(layers: ProgramLayers, planes: Planes, name: string): Pixels {
  return layers.linear(layers.toPixels(planes), `${name}.proj`);
}

/** A half of the hidden channels weighs the other after a convolution in space. */
function gatedMlp(layers: ProgramLayers, input: Pixels, name: string): Pixels {
  const hidden = layers.activate(layers.linear(input, `${name}.fc1`), 'gelu');
  const half = hidden.channels / 2;
  const gate = layers.layerNorm(layers.channels(hidden, half, 2 * half), `${name}.sg.norm`);
  const seen = layers.conv(layers.toPlanes(gate), `${name}.sg.conv`, { groups: half });
  const gated = layers.multiply(layers.channels(hidden, 0, half), layers.toPixels(seen));
  return layers.linear(gated, `${name}.fc2`);
}
