import { unsupported } from '../import/refusal.ts';
import { cropToSize, padToMultiple } from '../program/padding.ts';
import type { Pixels, Planes } from '../program/program-builder.ts';
import { type Activation, ProgramLayers } from '../program/program-layers.ts';
import {
  countUnetBlocks,
  summariseUnet,
  UNET_MULTIPLE,
  type UnetBlocks,
  unet,
  unetConvolutions,
  unetResidual,
} from '../program/unet.ts';
import { defineArchitecture } from './architecture.ts';
import { checkColours } from './colour-channels.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface FbcnnPlan {
  readonly channels: 1 | 3;
  readonly features: number;
  readonly counts: UnetBlocks['counts'];
  readonly body: number;
}

/**
 * FBCNN (Jiang et al. 2021), a restorer of JPEG pictures: DRUNet's shape, which guesses the quality factor from its
 * middle, and whose second half is steered by that.
 */
export const fbcnn = defineArchitecture<FbcnnPlan>({
  architecture: 'fbcnn',
  title: 'FBCNN',
  requiredKeys: ['m_head.weight', 'm_body_encoder.0.res.0.weight', 'qf_pred.0.res.0.weight', 'm_tail.weight'],

  recognise: (state) =>
    state.has('m_body_encoder.0.res.0.weight') && state.has('qf_embed.0.weight') ? state : undefined,

  plan(state) {
    const channels = checkColours('FBCNN', axis(state, 'm_head.weight', 1), axis(state, 'm_tail.weight', 0));
    if (channels === 4) throw unsupported('The FBCNN network takes opacity; upreel runs those of RGB and of luma.');
    return {
      channels,
      features: axis(state, 'm_head.weight', 0),
      counts: countUnetBlocks(state, 'res.0.weight'),
      body: countConsecutive(state, (index) => `m_body_encoder.${index}.res.0.weight`),
    };
  },

  summarise: ({ features, counts, body }) => `${features} feat, ${summariseUnet(counts, body)}`,

  build({ channels, counts, body }, state) {
    const layers = new ProgramLayers(state);
    const input = layers.input(channels);
    const residuals = (planes: Planes, name: string): Planes => {
      let value = planes;
      for (let index = 0; index < body; index++) value = unetResidual(layers, value, `${name}.${index}`);
      return value;
    };
    // Made in the middle, and read by the blocks behind it.
    let quality: Pixels | undefined;
    const made = unet(layers, layers.conv(padToMultiple(layers, input, UNET_MULTIPLE, 'edge'), 'm_head'), {
      counts,
      block(planes, name, _index, stage) {
        if (quality === undefined) return unetResidual(layers, planes, name);
        return steered(layers, planes, name, steering(layers, quality, stage.slice(-1)));
      },
      body(planes) {
        const encoded = residuals(planes, 'm_body_encoder');
        const guessed = layers.toPixels(layers.globalMean(residuals(encoded, 'qf_pred')));
        const factor = chain(
          layers,
          guessed,
          [body + 2, body + 4, body + 6].map((index) => `qf_pred.${index}`),
          'sigmoid',
        );
        quality = chain(layers, factor, ['qf_embed.0', 'qf_embed.2', 'qf_embed.4'], 'relu');
        return residuals(encoded, 'm_body_decoder');
      },
    });
    const picture = layers.conv(made, 'm_tail');
    return layers.finish(cropToSize(layers, picture, layers.sizeOf(input), 1), 1, UNET_MULTIPLE);
  },
});

/** Linear layers with a ReLU between. */
function chain(layers: ProgramLayers, input: Pixels, names: readonly string[], last: Activation): Pixels {
  return names.reduce(
    (value, name, index) => layers.activate(layers.linear(value, name), index < names.length - 1 ? 'relu' : last),
    input,
  );
}

interface Steering {
  /** One number for each channel. */
  readonly factor: Planes;
  readonly offset: Planes;
}

function steering(layers: ProgramLayers, quality: Pixels, stage: string): Steering {
  const made = (part: string, activation: Activation) =>
    layers.toPlanes(layers.activate(layers.linear(quality, `to_${part}_${stage}.0`), activation));
  return { factor: made('gamma', 'sigmoid'), offset: made('beta', 'tanh') };
}

function steered(layers: ProgramLayers, planes: Planes, name: string, { factor, offset }: Steering): Planes {
  const change = layers.multiply(unetConvolutions(layers, planes, name), factor);
  return layers.add(planes, layers.add(change, offset));
}
