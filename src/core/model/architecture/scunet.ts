import type { StateDict } from '../checkpoint/state-dict.ts';
import { refused, unsupported } from '../import/refusal.ts';
import { attend, relativeBias, sharedIndex } from '../program/attention.ts';
import { cropToSize, padToMultiple } from '../program/padding.ts';
import type { StepIndex } from '../program/program.ts';
import type { Pixels, Planes } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { openSwinWindows, type SwinWindows, splitQkv, tableSide } from '../program/swin-attention.ts';
import { countUnetBlocks, summariseUnet, type UnetBlocks, unet } from '../program/unet.ts';
import { tensor } from '../tensor.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface ScunetPlan {
  readonly channels: 1 | 3;
  readonly features: number;
  readonly counts: UnetBlocks['counts'];
  readonly body: number;
  /** Of the windows. */
  readonly side: number;
}

/**
 * SCUNet (Zhang et al. 2022), a blind denoiser: DRUNet's shape, of whose blocks half of the channels is convolved and
 * the other half attends within windows, shifted in every other block.
 */
export const scunet = defineArchitecture<ScunetPlan>({
  architecture: 'scunet',
  title: 'SCUNet',
  requiredKeys: ['m_head.0.weight', 'm_down1.0.trans_block.ln1.weight', 'm_body.0.conv1_1.weight', 'm_tail.0.weight'],

  recognise: (state) =>
    state.has('m_head.0.weight') && state.has('m_body.0.trans_block.ln1.weight') ? state : undefined,

  plan(state) {
    const [channels, made] = [axis(state, 'm_head.0.weight', 1), axis(state, 'm_tail.0.weight', 0)];
    if ((channels !== 1 && channels !== 3) || made !== channels) {
      throw unsupported(`The SCUNet network makes ${made} channels of ${channels}; upreel runs those of RGB or gray.`);
    }
    const offsets = axis(state, 'm_body.0.trans_block.msa.relative_position_params', 1);
    return {
      channels,
      features: axis(state, 'm_head.0.weight', 0),
      counts: countUnetBlocks(state, 'conv1_1.weight'),
      body: countConsecutive(state, (index) => `m_body.${index}.conv1_1.weight`),
      side: tableSide(offsets ** 2, 'm_body.0.trans_block.msa'),
    };
  },

  summarise: ({ features, counts, body, side }) => `${features} feat, ${summariseUnet(counts, body)}, windows ${side}`,

  build({ channels, counts, body, side }, state) {
    const layers = new ProgramLayers(state);
    const input = layers.input(channels);
    const multiple = side * 8;
    // Each size is cut into windows once on its way down, and once on its way up.
    const known = new Map<string, SwinWindows>();
    const block = (planes: Planes, name: string, index: number, stage: string): Planes => {
      const windows = known.get(stage) ?? openSwinWindows(layers, planes, side);
      known.set(stage, windows);
      return halfAttending(layers, state, planes, name, { windows, isShifted: index % 2 === 1 });
    };
    const made = unet(layers, layers.conv(padToMultiple(layers, input, multiple, 'reflect'), 'm_head.0'), {
      counts,
      block,
      body(planes) {
        let value = planes;
        for (let index = 0; index < body; index++) value = block(value, `m_body.${index}`, index, 'm_body');
        return value;
      },
    });
    const picture = layers.conv(made, 'm_tail.0');
    return layers.finish(cropToSize(layers, picture, layers.sizeOf(input), 1), 1, multiple);
  },
});

interface At {
  readonly windows: SwinWindows;
  readonly isShifted: boolean;
}

function halfAttending(layers: ProgramLayers, state: StateDict, input: Planes, name: string, at: At): Planes {
  const mixed = layers.conv(input, `${name}.conv1_1`);
  const half = input.channels / 2;
  const near = layers.channels(mixed, 0, half);
  const first = layers.activate(layers.conv(near, `${name}.conv_block.0`), 'relu');
  const convolved = layers.add(layers.conv(first, `${name}.conv_block.2`), near);
  const far = layers.toPixels(layers.channels(mixed, half, 2 * half));
  const attended = layers.toPlanes(attending(layers, state, far, `${name}.trans_block`, at));
  return layers.add(input, layers.conv(layers.concat([convolved, attended]), `${name}.conv1_2`));
}

function attending(layers: ProgramLayers, state: StateDict, input: Pixels, name: string, at: At): Pixels {
  const cut = at.windows.of(at.isShifted);
  const normed = cut.split(layers.layerNorm(input, `${name}.ln1`));
  const [q, k, v] = splitQkv(layers, layers.linear(normed, `${name}.msa.embedding_layer`));
  const heads = axis(state, `${name}.msa.relative_position_params`, 0);
  const bias = positionBias(layers, `${name}.msa.relative_position_params`, heads, at.windows.side);
  const made = attend(layers, q, k, v, { heads, tokens: cut.tokens, bias, mask: cut.mask });
  const sum = layers.add(input, cut.join(layers.linear(made, `${name}.msa.linear`)));
  const wide = layers.linear(layers.layerNorm(sum, `${name}.ln2`), `${name}.mlp.0`);
  return layers.add(sum, layers.linear(layers.activate(wide, 'gelu'), `${name}.mlp.2`));
}

/** From [heads, offsets down, offsets to the right]. */
function positionBias(layers: ProgramLayers, key: string, heads: number, side: number): StepIndex {
  const span = 2 * side - 1;
  const { data } = layers.weight(key, [heads, span, span]);
  if (data.length !== heads * span ** 2) throw refused(`${key} does not fit windows of ${side} pixels.`);
  const turned = Float32Array.from(data, (_, index) => data[(index % heads) * span ** 2 + Math.floor(index / heads)]!);
  const index = sharedIndex(layers, side, side);
  return relativeBias(layers, tensor([span ** 2, heads], turned), index, { heads, tokens: side ** 2 });
}
