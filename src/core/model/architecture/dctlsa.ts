import { unsupported } from '../import/refusal.ts';
import { attendLinearly } from '../program/attention.ts';
import { batchNorm } from '../program/batch-norm.ts';
import { mlp } from '../program/mlp.ts';
import { cropToSize, padToMultiple, rolled } from '../program/padding.ts';
import type { StepIndex } from '../program/program.ts';
import type { Planes } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { ignoreBuffers } from '../program/restoration-frame.ts';
import { splitQkv } from '../program/swin-attention.ts';
import { cutWindows, type Windows } from '../program/windows.ts';
import { defineArchitecture } from './architecture.ts';
import { axis } from './key-shapes.ts';

interface DctlsaPlan {
  readonly features: number;
  readonly scale: number;
}

/**
 * DCTLSA (Zeng et al. 2023): six pairs of layers that attend linearly within windows of 16 pixels, each of which sees
 * what all before it made.
 */
export const dctlsa = defineArchitecture<DctlsaPlan>({
  architecture: 'dctlsa',
  title: 'DCTLSA',
  requiredKeys: ['fea_conv.weight', `${layer(1, 0)}.blocks.0.attn.qkv.weight`, 'c5.0.weight', 'LR_conv.weight'],

  recognise: (state) =>
    state.has('fea_conv.weight') && state.has(`${layer(1, 0)}.blocks.0.attn.qkv.weight`) ? state : undefined,

  plan(state) {
    const scale = Math.sqrt(axis(state, 'upsampler.0.weight', 0) / 3);
    const features = axis(state, 'fea_conv.weight', 0);
    if (axis(state, 'fea_conv.weight', 1) !== 3 || !Number.isInteger(scale) || features % HEADS !== 0) {
      throw unsupported(
        `The DCTLSA network has ${features} features and enlarges ${scale} times; upreel runs those from RGB to RGB.`,
      );
    }
    return { features, scale };
  },

  summarise: ({ features }) => `${features} feat`,

  build({ scale }, state) {
    ignoreBuffers(state);
    const layers = new ProgramLayers(state);
    const input = layers.input(3);
    const first = layers.conv(input, 'fea_conv');
    const grid = openGrid(layers, first);
    const made: Planes[] = [];
    let value = first;
    for (let pair = 1; pair <= PAIRS; pair++) {
      made.push(attended(layers, attended(layers, value, layer(pair, 0), grid), layer(pair, 1), grid));
      if (pair < PAIRS) value = narrowed(layers, layers.concat([first, ...made]), `c${pair}`);
    }
    const [one, ...others] = made;
    const joined = narrowed(layers, layers.concat([one!, ...others]), 'c');
    const sum = layers.add(layers.conv(joined, 'LR_conv'), first);
    return layers.finish(layers.pixelShuffle(layers.conv(sum, 'upsampler.0'), scale), scale, WINDOW);
  },
});

/** Not in the file; of the published network. */
const HEADS = 5;
const WINDOW = 16;
const PAIRS = 6;

function layer(pair: number, index: 0 | 1): string {
  return `B${pair}.body.${index}.transformer_body.0`;
}

function narrowed(layers: ProgramLayers, planes: Planes, name: string): Planes {
  return layers.leakyRelu(layers.conv(planes, `${name}.0`, { kernel: 1 }), 0.05);
}

/** The windows of all layers: each fills up its own input, to the same size. */
interface Grid {
  readonly extent: StepIndex;
  readonly windows: Windows;
}

function openGrid(layers: ProgramLayers, planes: Planes): Grid {
  const padded = padToMultiple(layers, planes, WINDOW, 'reflect');
  const windows = cutWindows(layers, layers.sizeOf(padded), { height: WINDOW, width: WINDOW }, null);
  return { extent: padded.extent, windows };
}

function attended(layers: ProgramLayers, input: Planes, name: string, { extent, windows }: Grid): Planes {
  const padded = { ...padToMultiple(layers, input, WINDOW, 'reflect'), extent };
  let value = layers.layerNormPlanes(padded, `${name}.patch_embed.norm`, 1e-5);
  value = block(layers, value, `${name}.blocks.0`, windows);
  // The second block's windows begin half a window further; those at the border go round it.
  const half = WINDOW / 2;
  const moved = block(layers, rolled(layers, value, half), `${name}.blocks.1`, windows);
  return { ...cropToSize(layers, rolled(layers, moved, -half), layers.sizeOf(input), 1), extent: input.extent };
}

function block(layers: ProgramLayers, input: Planes, name: string, cut: Windows): Planes {
  const near = layers.add(local(layers, input, `${name}.attn.local`), input);
  const pixels = layers.toPixels(near);
  const [q, k, v] = splitQkv(layers, cut.split(layers.linear(pixels, `${name}.attn.qkv`)));
  const made = attendLinearly(layers, q, k, v, { heads: HEADS, tokens: cut.tokens });
  const sum = layers.add(cut.join(layers.linear(made, `${name}.attn.proj`)), pixels);
  return layers.toPlanes(layers.add(sum, mlp(layers, sum, `${name}.mlp`)));
}

function local(layers: ProgramLayers, planes: Planes, name: string): Planes {
  const first = layers.conv(batchNorm(layers, planes, `${name}.pointwise_prenorm_0`), `${name}.pointwise_conv_0`);
  const seen = layers.conv(first, `${name}.depthwise_conv`, { groups: first.channels });
  return layers.conv(batchNorm(layers, seen, `${name}.pointwise_prenorm_1`), `${name}.pointwise_conv_1`);
}
