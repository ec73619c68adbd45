import { unsupported } from '../import/refusal.ts';
import { attendChannels } from '../program/attention.ts';
import { gatedConvolutions } from '../program/mlp.ts';
import { cropToSize, padToMultiple } from '../program/padding.ts';
import type { Planes, Tokens } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { splitQkv } from '../program/swin-attention.ts';
import { cutWindows, planesOfWindows, tokensOfWindows } from '../program/windows.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface DitnPlan {
  readonly features: number;
  /** Of each unit, blocks within windows and blocks of the whole. */
  readonly units: readonly { readonly near: number; readonly far: number }[];
  readonly scale: number;
}

/**
 * DITN for real pictures (Liu et al. 2023): blocks that compare channels within windows of 8 pixels, which see nothing
 * else, and blocks of large depthwise kernels.
 */
export const ditn = defineArchitecture<DitnPlan>({
  architecture: 'ditn',
  title: 'DITN',
  requiredKeys: ['sft.weight', 'UFONE.0.ITLs.0.attn.temperature', 'UFONE.0.SALs.0.SDA.scale', 'upsample.0.weight'],

  recognise: (state) => (state.has('sft.weight') && state.has('UFONE.0.ITLs.0.attn.temperature') ? state : undefined),

  plan(state) {
    const scale = Math.sqrt(axis(state, 'upsample.0.weight', 0) / 3);
    if (axis(state, 'sft.weight', 1) !== 3 || !Number.isInteger(scale)) {
      throw unsupported(`The DITN network enlarges ${scale} times; upreel runs those from RGB to RGB.`);
    }
    const count = countConsecutive(state, (unit) => `UFONE.${unit}.ITLs.0.attn.temperature`);
    const units = Array.from({ length: count }, (_, unit) => ({
      near: countConsecutive(state, (block) => `UFONE.${unit}.ITLs.${block}.attn.temperature`),
      far: countConsecutive(state, (block) => `UFONE.${unit}.SALs.${block}.SDA.scale`),
    }));
    return { features: axis(state, 'sft.weight', 0), units, scale };
  },

  summarise: ({ features, units }) =>
    `${features} feat, ${units.map(({ near, far }) => `${near} and ${far}`).join(' + ')} blocks`,

  build({ units, scale }, state) {
    const layers = new ProgramLayers(state);
    const input = layers.input(3);
    const first = layers.conv(padToMultiple(layers, input, WINDOW, 'reflect'), 'sft');
    const windows = cutWindows(layers, layers.sizeOf(first), { height: WINDOW, width: WINDOW }, null);
    let value = first;
    units.forEach(({ near, far }, unit) => {
      let parts = planesOfWindows(layers, windows.split(layers.toPixels(value)), WINDOW);
      for (let block = 0; block < near; block++) parts = nearBlock(layers, parts, `UFONE.${unit}.ITLs.${block}`);
      value = layers.toPlanes({ ...windows.join(tokensOfWindows(layers, parts)), extent: first.extent });
      for (let block = 0; block < far; block++) value = farBlock(layers, value, `UFONE.${unit}.SALs.${block}`);
    });
    const sum = layers.add(layers.conv(value, 'conv_after_body'), first);
    const made = layers.pixelShuffle(layers.conv(sum, 'upsample.0'), scale);
    return layers.finish(cropToSize(layers, made, layers.sizeOf(input), scale), scale, WINDOW);
  },
});

/** Not in the file; of all published ones. */
const WINDOW = 8;

function nearBlock(layers: ProgramLayers, input: Planes, name: string): Planes {
  const attended = (planes: Planes): Planes => {
    const tokens: Tokens = tokensOfWindows(layers, planes);
    const [q, k, v] = splitQkv(layers, layers.linear(tokens, `${name}.attn.qkv`));
    const shape = { heads: 1, tokens: WINDOW ** 2, temperature: `${name}.attn.temperature` };
    const made = planesOfWindows(layers, attendChannels(layers, q, k, v, shape), WINDOW);
    return layers.conv({ ...made, extent: planes.extent }, `${name}.attn.project_out`);
  };
  return residuals(layers, input, name, attended);
}

function farBlock(layers: ProgramLayers, input: Planes, name: string): Planes {
  const weighed = (planes: Planes): Planes => {
    const both = layers.conv(planes, `${name}.SDA.proj_first.0`);
    const { channels } = input;
    const near = layers.conv(layers.channels(both, 0, channels), `${name}.SDA.DConvs.0`, { groups: channels });
    const far = layers.conv(near, `${name}.SDA.DConvs.1`, { groups: channels, dilation: 3 });
    const weights = layers.conv(far, `${name}.SDA.DConvs.2`);
    const made = layers.conv(
      layers.multiply(layers.channels(both, channels, both.channels), weights),
      `${name}.SDA.proj_last.0`,
    );
    return layers.scaled(made, layers.weight(`${name}.SDA.scale`, [1, channels, 1, 1]));
  };
  return residuals(layers, input, name, weighed);
}

/** Two layers, each with a tanh in a norm's stead, a convolution before it and a residual around. */
function residuals(layers: ProgramLayers, input: Planes, name: string, first: (planes: Planes) => Planes): Planes {
  const calm = (planes: Planes, conv: string) => layers.conv(layers.activate(planes, 'tanh'), `${name}.${conv}`);
  const sum = layers.add(input, first(calm(input, 'conv1')));
  return layers.add(sum, gatedConvolutions(layers, calm(sum, 'conv2'), `${name}.ffn`));
}
