import { unsupported } from '../import/refusal.ts';
import { cropToSize, padToMultiple } from '../program/padding.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { countUnetBlocks, summariseUnet, UNET_MULTIPLE, type UnetBlocks, unet, unetResidual } from '../program/unet.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { noiseLevel, summariseNoise } from './noise-level.ts';

interface DrunetPlan {
  readonly channels: 1 | 3;
  readonly features: number;
  readonly counts: UnetBlocks['counts'];
  readonly body: number;
  /** See `noiseLevel`. */
  readonly noise: number;
}

/**
 * DRUNet (Zhang et al. 2021), a denoiser that is told how strong the noise is: a U-Net of residual blocks without bias.
 */
export const drunet = defineArchitecture<DrunetPlan>({
  architecture: 'drunet',
  title: 'DRUNet',
  requiredKeys: ['m_head.weight', 'm_down1.0.res.0.weight', 'm_body.0.res.0.weight', 'm_tail.weight'],

  recognise: (state) => (state.has('m_head.weight') && state.has('m_body.0.res.0.weight') ? state : undefined),

  plan(state, _, denoise) {
    const channels = axis(state, 'm_tail.weight', 0);
    // One more: the strength of the noise.
    if ((channels !== 1 && channels !== 3) || axis(state, 'm_head.weight', 1) !== channels + 1) {
      throw unsupported(
        `The DRUNet network makes ${channels} channels of ${axis(state, 'm_head.weight', 1)}; upreel runs those of RGB or gray that take the noise's strength, too.`,
      );
    }
    return {
      channels,
      features: axis(state, 'm_head.weight', 0),
      counts: countUnetBlocks(state, 'res.0.weight'),
      body: countConsecutive(state, (index) => `m_body.${index}.res.0.weight`),
      noise: noiseLevel(denoise, STRONGEST_NOISE),
    };
  },

  isToldNoise: () => true,

  summarise: ({ features, counts, body, noise }) =>
    `${features} feat, ${summariseUnet(counts, body)}, ${summariseNoise(noise)}`,

  build({ channels, counts, body, noise }, state) {
    const layers = new ProgramLayers(state);
    const input = layers.input(channels);
    const padded = padToMultiple(layers, input, UNET_MULTIPLE, 'reflect');
    const strength = layers.plus(layers.times(layers.channels(padded, 0, 1), 0), noise);
    const made = unet(layers, layers.conv(layers.concat([padded, strength]), 'm_head'), {
      counts,
      block: (planes, name) => unetResidual(layers, planes, name),
      body(planes) {
        let value = planes;
        for (let index = 0; index < body; index++) value = unetResidual(layers, value, `m_body.${index}`);
        return value;
      },
    });
    const picture = layers.conv(made, 'm_tail');
    return layers.finish(cropToSize(layers, picture, layers.sizeOf(input), 1), 1, UNET_MULTIPLE);
  },
});

/** Of the authors' training, in levels. */
const STRONGEST_NOISE = 50;
