import { unsupported } from '../import/refusal.ts';
import { attend, attendChannels, relativeBias } from '../program/attention.ts';
import { gatedConvolutions } from '../program/mlp.ts';
import { cropToSize, padToMultiple } from '../program/padding.ts';
import { type PairIndex, relativeIndex } from '../program/pair-index.ts';
import type { StepIndex } from '../program/program.ts';
import type { Planes } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { splitQkv, tableSide } from '../program/swin-attention.ts';
import { cutWindows, type Windows } from '../program/windows.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface OmnisrPlan {
  readonly features: number;
  readonly groups: number;
  /** In each group. */
  readonly blocks: number;
  readonly side: number;
  /** Whether each offset between places has a trained number. */
  readonly hasPositions: boolean;
  readonly scale: number;
}

/**
 * OmniSR (Wang et al. 2023): blocks that attend within windows, then within grids that span the picture, between places
 * and between channels either way. So no pixel is out of another's sight.
 */
export const omnisr = defineArchitecture<OmnisrPlan>({
  architecture: 'omnisr',
  title: 'OmniSR',
  requiredKeys: ['input.weight', 'residual_layer.0.residual_layer.0.layer.0.fn.0.weight', 'up.0.weight'],

  recognise: (state) =>
    state.has('input.weight') && state.has(`${block(0, 0)}.0.fn.0.weight`) && state.has('up.0.weight')
      ? state
      : undefined,

  plan(state) {
    const made = axis(state, 'up.0.weight', 0);
    const scale = Math.sqrt(made / 3);
    if (axis(state, 'input.weight', 1) !== 3 || !Number.isInteger(scale)) {
      throw unsupported(`The OmniSR network makes ${made} channels; upreel runs those from RGB to RGB.`);
    }
    const positions = state.shape(`${block(0, 0)}.2.fn.rel_pos_bias.weight`)?.[0];
    return {
      features: axis(state, 'input.weight', 0),
      groups: countConsecutive(state, (group) => `${block(group, 0)}.0.fn.0.weight`),
      blocks: countConsecutive(state, (index) => `${block(0, index)}.0.fn.0.weight`),
      // Those without biases do not tell; all known ones have windows of 8.
      side: positions === undefined ? 8 : tableSide(positions, 'rel_pos_bias'),
      hasPositions: positions !== undefined,
      scale,
    };
  },

  summarise: ({ features, groups, blocks, side }) =>
    `${features} feat, ${groups} groups of ${blocks} blocks, windows ${side}`,

  build({ groups, blocks, side, hasPositions, scale }, state) {
    for (const key of state.keys) if (/(^|\.)total_(ops|params)$/.test(key)) state.ignore(key);
    const layers = new ProgramLayers(state);
    const input = layers.input(3);
    const first = layers.conv(padToMultiple(layers, input, side, 'zeros', LEAST_SIDE), 'input');
    const cuts = openCuts(layers, first, side, hasPositions);
    let value = first;
    for (let group = 0; group < groups; group++) {
      let inner = value;
      for (let index = 0; index < blocks; index++) inner = attentionBlock(layers, inner, block(group, index), cuts);
      inner = layers.conv(inner, `residual_layer.${group}.residual_layer.${blocks}`);
      value = spatialWeights(layers, layers.add(inner, value), `residual_layer.${group}.esa`);
    }
    const made = layers.conv(layers.add(layers.conv(value, 'output'), first), 'up.0');
    const size = layers.sizeOf(input);
    return layers.finish(cropToSize(layers, layers.pixelShuffle(made, scale), size, scale), scale, side);
  },
});

/** Two strided layers without padding need as much. */
const LEAST_SIDE = 16;

const HEADS = 4;

function block(group: number, index: number): string {
  return `residual_layer.${group}.residual_layer.${index}.layer`;
}

interface Cuts {
  readonly near: Windows;
  readonly far: Windows;
  readonly side: number;
  readonly index: PairIndex | null;
}

function openCuts(layers: ProgramLayers, planes: Planes, side: number, hasPositions: boolean): Cuts {
  const size = layers.sizeOf(planes);
  const cut = (order: 'block' | 'spread') => cutWindows(layers, size, { height: side, width: side, order }, null);
  return { near: cut('block'), far: cut('spread'), side, index: hasPositions ? relativeIndex(side, side) : null };
}

function attentionBlock(layers: ProgramLayers, input: Planes, name: string, cuts: Cuts): Planes {
  let value = layers.add(input, bottleneck(layers, input, `${name}.0.fn`));
  const residual = (step: number, layer: (planes: Planes, name: string) => Planes): void => {
    const normed = layers.layerNormPlanes(value, `${name}.${step}.norm`, 1e-6);
    value = layers.add(value, layer(normed, `${name}.${step}.fn`));
  };
  const gated = (planes: Planes, fn: string) => gatedConvolutions(layers, planes, fn);
  value = windowAttention(layers, value, `${name}.2`, cuts.near, cuts);
  residual(4, gated);
  residual(5, (planes, fn) => channelAttention(layers, planes, fn, cuts.near, false));
  residual(6, gated);
  value = windowAttention(layers, value, `${name}.8`, cuts.far, cuts);
  residual(10, gated);
  residual(11, (planes, fn) => channelAttention(layers, planes, fn, cuts.near, true));
  residual(12, gated);
  return value;
}

/** Inverted bottleneck with squeeze and excitation (MBConv). */
function bottleneck(layers: ProgramLayers, input: Planes, name: string): Planes {
  const wide = layers.activate(layers.conv(input, `${name}.0`), 'gelu');
  const seen = layers.activate(layers.conv(wide, `${name}.2`, { groups: wide.channels }), 'gelu');
  const mean = layers.toPixels(layers.globalMean(seen));
  const squeezed = layers.activate(layers.linear(mean, `${name}.4.gate.1`), 'silu');
  const excited = layers.activate(layers.linear(squeezed, `${name}.4.gate.3`), 'sigmoid');
  return layers.conv(layers.multiply(seen, layers.toPlanes(excited)), `${name}.5`);
}

function windowAttention(layers: ProgramLayers, input: Planes, name: string, cut: Windows, cuts: Cuts): Planes {
  const tokens = cut.split(layers.toPixels(input));
  const qkv = layers.linear(layers.layerNorm(tokens, `${name}.norm`), `${name}.fn.to_qkv`);
  const [q, k, v] = splitQkv(layers, qkv);
  const shape = { heads: HEADS, tokens: cut.tokens };
  const bias =
    cuts.index === null ? null : trainedBias(layers, `${name}.fn.rel_pos_bias.weight`, cuts.index, cuts.side);
  const made = layers.linear(attend(layers, q, k, v, { ...shape, bias }), `${name}.fn.to_out.0`);
  return layers.toPlanes(cut.join(layers.add(made, tokens)));
}

function trainedBias(layers: ProgramLayers, key: string, index: PairIndex, side: number): StepIndex {
  const table = layers.weight(key, [(2 * side - 1) ** 2, HEADS]);
  return relativeBias(layers, table, index, { heads: HEADS, tokens: side ** 2 });
}

/** @param isFar whether it compares the same place of all windows rather than all places of one */
function channelAttention(layers: ProgramLayers, input: Planes, name: string, cut: Windows, isFar: boolean): Planes {
  const wide = layers.conv(input, `${name}.qkv`);
  const qkv = layers.conv(wide, `${name}.qkv_dwconv`, { groups: wide.channels });
  const [q, k, v] = splitQkv(layers, cut.split(layers.toPixels(qkv)));
  const shape = { heads: HEADS, tokens: cut.tokens, temperature: `${name}.temperature`, across: isFar };
  return layers.conv(layers.toPlanes(cut.join(attendChannels(layers, q, k, v, shape))), `${name}.project_out`);
}

/** Enhanced spatial attention: a weight for each sample, from a view at a sixth of the size. */
function spatialWeights(layers: ProgramLayers, input: Planes, name: string): Planes {
  const narrow = layers.conv(input, `${name}.conv1`);
  const smaller = layers.conv(narrow, `${name}.conv2`, { stride: 2, padding: 'none', kernel: 3 });
  const pooled = layers.step('MaxPool', [smaller.step], { kernel_shape: [7, 7], strides: [3, 3] });
  const seen = layers.conv({ ...smaller, step: pooled, density: 1 / 36, extent: pooled }, `${name}.conv3`);
  const sum = layers.add(layers.conv(narrow, `${name}.conv_f`), layers.stretchTo(seen, narrow));
  return layers.multiply(input, layers.activate(layers.conv(sum, `${name}.conv4`), 'sigmoid'));
}
