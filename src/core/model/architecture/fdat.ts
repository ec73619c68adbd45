import { unsupported } from '../import/refusal.ts';
import { attend, attendChannels } from '../program/attention.ts';
import { weighChannels } from '../program/channel-weights.ts';
import { cropToSize, padToMultiple } from '../program/padding.ts';
import { checkedWindow } from '../program/position-bias.ts';
import type { Pixels, Planes } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { splitQkv } from '../program/swin-attention.ts';
import { UNIVERSAL_UPSAMPLERS, type UniversalUpsampler, universalUpsample } from '../program/universal-upsampler.ts';
import { cutWindows, type Windows } from '../program/windows.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface FdatPlan {
  readonly features: number;
  readonly groups: readonly number[];
  readonly heads: number;
  readonly side: number;
  readonly upsampler: UniversalUpsampler;
  /** Of the upsampler. */
  readonly factor: number;
  readonly unshuffle: number;
}

/**
 * FDAT (2025): blocks that attend within windows and blocks that compare channels, by turns, each of which weighs what
 * a depthwise convolution sees beside it.
 */
export const fdat = defineArchitecture<FdatPlan>({
  architecture: 'fdat',
  title: 'FDAT',
  requiredKeys: ['groups.0.blocks.0.attn.bias', 'groups.0.blocks.0.inter.cg.1.weight', 'upsampler.MetaUpsample'],

  recognise: (state) =>
    state.has('groups.0.blocks.0.attn.bias') && state.has('upsampler.MetaUpsample') ? state : undefined,

  plan(state) {
    const [, kind = -1, factor = 0, , made = 0] = state.settings('upsampler.MetaUpsample') ?? [];
    const upsampler = UNIVERSAL_UPSAMPLERS[kind];
    const first = state.has('conv_first.weight') ? 'conv_first.weight' : 'conv_first.1.weight';
    const unshuffle = state.has('conv_first.weight') ? 1 : Math.sqrt(axis(state, first, 1) / 3);
    if (upsampler === undefined || made !== 3 || axis(state, first, 1) !== 3 * unshuffle ** 2) {
      throw unsupported(`The FDAT network has an upsampler (${kind}) or channels that upreel does not know.`);
    }
    if (![1, 2, 3, 4, 8].includes(factor) || !Number.isInteger(factor / unshuffle)) {
      throw unsupported(`The FDAT network enlarges ${factor / unshuffle} times.`);
    }
    const count = countConsecutive(state, (group) => `groups.${group}.blocks.0.n1.weight`);
    const groups = Array.from({ length: count }, (_, group) =>
      countConsecutive(state, (block) => `groups.${group}.blocks.${block}.n1.weight`),
    );
    const side = checkedWindow(Math.sqrt(axis(state, 'groups.0.blocks.0.attn.bias', 1)), 'groups.0.blocks.0.attn');
    const heads = axis(state, 'groups.0.blocks.0.attn.bias', 0);
    return { features: axis(state, first, 0), groups, heads, side, upsampler, factor, unshuffle };
  },

  summarise: ({ features, groups, side, upsampler, unshuffle }) =>
    [
      ...[`${features} feat`, upsampler, `${groups.join('+')} blocks`, `windows ${side}`],
      ...(unshuffle === 1 ? [] : [`pixel-unshuffle ${unshuffle}`]),
    ].join(', '),

  build({ groups, heads, side, upsampler, factor, unshuffle }, state) {
    const layers = new ProgramLayers(state);
    const input = layers.input(3);
    const padded = layers.pixelUnshuffle(padToMultiple(layers, input, unshuffle, 'reflect'), unshuffle);
    const first = layers.conv(padded, layers.has('conv_first.weight') ? 'conv_first' : 'conv_first.1');
    const windows = cutWindows(layers, layers.sizeOf(first), { height: side, width: side }, side);
    let value = first;
    groups.forEach((blocks, group) => {
      let pixels = layers.toPixels(value);
      for (let index = 0; index < blocks; index++) {
        const at = { heads, windows, isSpatial: index % 2 === 0 };
        pixels = block(layers, pixels, `groups.${group}.blocks.${index}`, at);
      }
      value = layers.add(layers.conv(layers.toPlanes(pixels), `groups.${group}.conv`), value);
    });
    const sum = layers.add(layers.conv(value, 'conv_after'), first);
    const made = universalUpsample(layers, sum, 'upsampler', upsampler, factor);
    const scale = factor / unshuffle;
    return layers.finish(cropToSize(layers, made, layers.sizeOf(input), scale), scale, side * unshuffle);
  },
});

interface At {
  readonly heads: number;
  readonly windows: Windows;
  readonly isSpatial: boolean;
}

function block(layers: ProgramLayers, input: Pixels, name: string, { heads, windows, isSpatial }: At): Pixels {
  const normed = layers.layerNorm(input, `${name}.n1`);
  const near = layers.activate(
    layers.conv(layers.toPlanes(normed), `${name}.conv.0`, { groups: input.channels }),
    'gelu',
  );
  const attended = layers.toPlanes(
    isSpatial
      ? withinWindows(layers, normed, `${name}.attn`, heads, windows)
      : betweenChannels(layers, normed, `${name}.attn`, heads),
  );
  const joined = interacting(layers, attended, near, `${name}.inter`, isSpatial);
  const sum = layers.add(input, layers.toPixels(joined));
  const wide = layers.activate(layers.linear(layers.layerNorm(sum, `${name}.n2`), `${name}.ffn.fc1`), 'gelu');
  const seen = layers.conv(layers.toPlanes(wide), `${name}.ffn.smix`, { groups: wide.channels });
  return layers.add(sum, layers.linear(layers.toPixels(seen), `${name}.ffn.fc2`));
}

function withinWindows(layers: ProgramLayers, input: Pixels, name: string, heads: number, cut: Windows): Pixels {
  const [q, k, v] = splitQkv(layers, layers.linear(cut.split(input), `${name}.qkv`));
  const bias = layers.step('Identity', [layers.weight(`${name}.bias`, [heads, cut.tokens, cut.tokens])]);
  return cut.join(layers.linear(attend(layers, q, k, v, { heads, tokens: cut.tokens, bias }), `${name}.proj`));
}

function betweenChannels(layers: ProgramLayers, input: Pixels, name: string, heads: number): Pixels {
  const [q, k, v] = splitQkv(layers, layers.linear(input, `${name}.qkv`));
  const shape = { heads, tokens: 'all', temperature: `${name}.temp` } as const;
  return layers.linear(attendChannels(layers, q, k, v, shape), `${name}.proj`);
}

/** The convolution's view weighs the channels of windows; attention between channels weighs the places of that view. */
function interacting(layers: ProgramLayers, attended: Planes, near: Planes, name: string, isSpatial: boolean): Planes {
  const spatial = () => layers.activate(layers.conv(attended, `${name}.sg.0`, { kernel: 1 }), 'sigmoid');
  if (!isSpatial) {
    layers.unread(`${name}.cg.1.weight`, `${name}.cg.3.weight`);
    return layers.add(attended, layers.multiply(near, spatial()));
  }
  layers.unread(`${name}.sg.0.weight`);
  return layers.add(weighChannels(layers, attended, `${name}.cg.1`, `${name}.cg.3`, 'gelu', near), near);
}
