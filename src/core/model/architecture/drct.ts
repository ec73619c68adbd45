import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Pixels } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { buildFrame, type FramePlan, ignoreBuffers, planFrame, summariseFrame } from '../program/restoration-frame.ts';
import { openSwinWindows, type SwinWindows, swinBlock, swinTable } from '../program/swin-attention.ts';
import { defineArchitecture } from './architecture.ts';
import { countConsecutive } from './key-shapes.ts';

interface DrctPlan {
  readonly frame: FramePlan;
  /** Heads of the five blocks of each group. */
  readonly groups: readonly (readonly number[])[];
  readonly side: number;
}

/**
 * DRCT (Dense Residual Connected Transformer, Hsu et al. 2024): groups of five Swin blocks, each of which sees what all
 * before it made, as the convolutions of RRDB do.
 */
export const drct = defineArchitecture<DrctPlan>({
  architecture: 'drct',
  title: 'DRCT',
  requiredKeys: ['conv_first.weight', 'layers.0.swin1.attn.relative_position_bias_table', 'layers.0.adjust1.weight'],

  recognise: (state) =>
    state.has('layers.0.swin1.attn.relative_position_bias_table') && state.has('layers.0.adjust1.weight')
      ? state
      : undefined,

  plan(state) {
    const groups = countConsecutive(state, (group) => `layers.${group}.adjust1.weight`);
    return {
      frame: planFrame(state, 'DRCT'),
      groups: Array.from({ length: groups }, (_, group) => headsOf(state, group)),
      side: swinTable(state, 'layers.0.swin1.attn').side,
    };
  },

  summarise: ({ frame, groups, side }) =>
    [...summariseFrame(frame), `${groups.length} groups`, `windows ${side}`].join(', '),

  build({ frame, groups, side }, state) {
    ignoreBuffers(state);
    const layers = new ProgramLayers(state);
    return buildFrame(layers, frame, { multiple: side }, (first) => {
      const windows = openSwinWindows(layers, first, side);
      const embedded = layers.toPixels(first);
      let value = layers.has('patch_embed.norm.weight') ? layers.layerNorm(embedded, 'patch_embed.norm') : embedded;
      groups.forEach((heads, group) => {
        value = denseGroup(layers, value, `layers.${group}`, { heads, windows });
      });
      return layers.toPlanes(layers.layerNorm(value, 'norm'));
    });
  },
});

const BLOCKS = [1, 2, 3, 4, 5];

function headsOf(state: StateDict, group: number): number[] {
  return BLOCKS.map((block) => swinTable(state, `layers.${group}.swin${block}.attn`).heads);
}

function denseGroup(
  layers: ProgramLayers,
  input: Pixels,
  name: string,
  { heads, windows }: { heads: readonly number[]; windows: SwinWindows },
): Pixels {
  const [first, ...others] = BLOCKS.map((block, index) => {
    const at = { heads: heads[index] ?? 0, windows, isShifted: block % 2 === 0 };
    return (values: readonly [Pixels, ...Pixels[]]) => {
      const joined = values.length === 1 ? values[0] : layers.concat(values);
      const attended = swinBlock(layers, joined, `${name}.swin${block}`, at);
      return layers.conv(layers.toPlanes(attended), `${name}.adjust${block}`);
    };
  });
  const values: [Pixels, ...Pixels[]] = [input];
  let made = first!(values);
  for (const next of others) {
    values.push(layers.toPixels(layers.leakyRelu(made, SLOPE)));
    made = next(values);
  }
  return layers.add(layers.times(layers.toPixels(made), RESIDUAL_SCALE), input);
}

/** Both as in RRDB. */
const SLOPE = 0.2;
const RESIDUAL_SCALE = 0.2;
