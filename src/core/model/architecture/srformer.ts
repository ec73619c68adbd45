import { refused } from '../import/refusal.ts';
import { attend } from '../program/attention.ts';
import { convolvedMlp } from '../program/mlp.ts';
import { indexVector, type Pixels, type Tokens } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { buildFrame, type FramePlan, ignoreBuffers, planFrame, summariseFrame } from '../program/restoration-frame.ts';
import { openSwinWindows, type SwinWindows, swinTable } from '../program/swin-attention.ts';
import { defineArchitecture } from './architecture.ts';
import { chainGroups, type SwinGroup, summariseGroups, swinGroups } from './swin-groups.ts';

interface SrformerPlan {
  readonly frame: FramePlan;
  readonly groups: readonly SwinGroup[];
  readonly side: number;
}

/**
 * SRFormer (Zhou et al. 2023): SwinIR with larger windows, in which each key stands for two by two places (their
 * channels, a quarter each, side by side), and a depthwise convolution within the MLP.
 */
export const srformer = defineArchitecture<SrformerPlan>({
  architecture: 'srformer',
  title: 'SRFormer',
  requiredKeys: [
    'layers.0.residual_group.blocks.0.norm1.weight',
    'layers.0.residual_group.blocks.0.attn.kv.weight',
    'layers.0.residual_group.blocks.0.mlp.dwconv.depthwise_conv.0.weight',
  ],

  recognise: (state) =>
    state.has('layers.0.residual_group.blocks.0.attn.kv.weight') &&
    state.has('layers.0.residual_group.blocks.0.mlp.dwconv.depthwise_conv.0.weight')
      ? state
      : undefined,

  plan(state) {
    const { side } = swinTable(state, 'layers.0.residual_group.blocks.0.attn');
    return { frame: planFrame(state, 'SRFormer'), groups: swinGroups(state), side: side * PLACES_PER_KEY };
  },

  summarise: ({ frame, groups, side }) =>
    [...summariseFrame(frame), summariseGroups(groups), `windows ${side}`].join(', '),

  build({ frame, groups, side }, state) {
    ignoreBuffers(state);
    const layers = new ProgramLayers(state);
    return buildFrame(layers, frame, { multiple: side }, (first) => {
      const windows = openSwinWindows(layers, first, side, PLACES_PER_KEY);
      return chainGroups(layers, first, groups, (value, name, at) => {
        const normed = layers.layerNorm(value, `${name}.norm1`);
        const sum = layers.add(value, permutedAttention(layers, normed, `${name}.attn`, { ...at, windows }));
        return layers.add(sum, convolvedMlp(layers, layers.layerNorm(sum, `${name}.norm2`), `${name}.mlp`));
      });
    });
  },
});

const PLACES_PER_KEY = 2;

function permutedAttention(
  layers: ProgramLayers,
  pixels: Pixels,
  name: string,
  { heads, windows, isShifted }: { heads: number; windows: SwinWindows; isShifted: boolean },
): Pixels {
  const cut = windows.of(isShifted);
  const tokens = cut.split(pixels);
  const narrow = layers.linear(tokens, `${name}.kv`);
  if (narrow.channels * 2 !== pixels.channels || narrow.channels % 2 !== 0) {
    throw refused(`${name}.kv makes ${narrow.channels} channels of ${pixels.channels}.`);
  }
  const places = gatherPlaces(layers, narrow, windows.side);
  const quarter = narrow.channels / 2;
  const q = layers.linear(tokens, `${name}.q`);
  const keys = cut.tokens / PLACES_PER_KEY ** 2;
  const shape = { heads, tokens: cut.tokens, keys, bias: windows.bias(name, heads), mask: cut.mask };
  const [k, v] = [joinPlaces(layers, places, 0, quarter), joinPlaces(layers, places, quarter, 2 * quarter)];
  return cut.join(layers.linear(attend(layers, q, k, v, shape), `${name}.proj`));
}

/** The places of one key behind each other, in the rows of all windows. */
function gatherPlaces(layers: ProgramLayers, tokens: Tokens, side: number): Tokens {
  const [of, channels] = [PLACES_PER_KEY, tokens.channels];
  const split = layers.step('Reshape', [tokens.step, indexVector([-1, of, side / of, of, channels])]);
  const turned = layers.step('Transpose', [split], { perm: [0, 2, 1, 3, 4] });
  return { ...tokens, step: layers.step('Reshape', [turned, indexVector([-1, channels])]) };
}

/** Some channels of the places of each key as the channels of one row. */
function joinPlaces(layers: ProgramLayers, places: Tokens, start: number, end: number): Tokens {
  const part = layers.channels(places, start, end);
  const channels = part.channels * PLACES_PER_KEY ** 2;
  const density = part.density / PLACES_PER_KEY ** 2;
  return { ...part, channels, density, step: layers.step('Reshape', [part.step, indexVector([-1, channels])]) };
}
