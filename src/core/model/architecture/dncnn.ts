import { scalar } from '../graph/graph-builder.ts';
import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { axis } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { noiseLevel, summariseNoise } from './noise-level.ts';

interface DncnnPlan {
  readonly channels: 1 | 3;
  readonly features: number;
  /** Numbers of the convolutions. */
  readonly convolutions: readonly number[];
  /** FDnCNN is told how strong the noise is, and makes the picture rather than the noise. */
  readonly kind: 'DnCNN' | 'FDnCNN';
  /** See `noiseLevel`. */
  readonly noise: number;
}

/** DnCNN and FDnCNN (Zhang et al. 2017, 2018), denoisers: convolutions one after the other, which make the noise. */
export const dncnn = defineArchitecture<DncnnPlan>({
  architecture: 'dncnn',
  title: 'DnCNN',
  requiredKeys: ['model.0.weight', 'model.2.weight', 'model.2.bias'],

  recognise: (state) =>
    state.has('model.0.weight') && state.has('model.2.weight') && !state.keys.some((key) => key.startsWith('model.1.'))
      ? state
      : undefined,

  plan(state, _, denoise) {
    const convolutions = state.keys
      .flatMap((key) => (CONVOLUTION.test(key) && state.shape(key)?.length === 4 ? [Number(key.split('.')[1])] : []))
      .toSorted((a, b) => a - b);
    const taken = axis(state, 'model.0.weight', 1);
    const channels = axis(state, `model.${convolutions.at(-1)}.weight`, 0);
    if ((channels !== 1 && channels !== 3) || (taken !== channels && taken !== channels + 1)) {
      throw unsupported(`The DnCNN network makes ${channels} channels of ${taken}; upreel runs those of RGB or gray.`);
    }
    const other = convolutions.find(
      (number) => ![2, 3].every((side) => axis(state, `model.${number}.weight`, side) === 3),
    );
    if (other !== undefined) throw unsupported(`The DnCNN network has other kernels than 3x3 in model.${other}.`);
    const kind = taken === channels ? 'DnCNN' : 'FDnCNN';
    const noise = noiseLevel(denoise, STRONGEST_NOISE);
    return { channels, features: axis(state, 'model.0.weight', 0), convolutions, kind, noise };
  },

  isToldNoise: ({ kind }) => kind === 'FDnCNN',

  summarise: ({ kind, features, convolutions, noise }) =>
    [
      ...(kind === 'FDnCNN' ? [kind] : []),
      ...[`${features} feat`, `${convolutions.length} conv`],
      ...(kind === 'FDnCNN' ? [summariseNoise(noise)] : []),
    ].join(', '),

  build({ channels, convolutions, kind, noise }, state) {
    const graph = new Layers(state);
    const input = graph.input(channels);
    const strength = () =>
      graph.append(
        { op: 'affine', input: graph.channels(input, 0, 1), factor: scalar(0), offset: scalar(noise) },
        'the strength of the noise',
      );
    let value = kind === 'FDnCNN' ? graph.concat([input, strength()], 'the input') : input;
    convolutions.forEach((number, index) => {
      value = graph.normed(value, `model.${number}`, `model.${number + 1}`, NORM_EPSILON);
      if (index < convolutions.length - 1) value = graph.unary(value, 'relu');
    });
    return graph.finish(kind === 'FDnCNN' ? value : graph.subtract(input, value));
  },
});

const CONVOLUTION = /^model\.\d+\.weight$/;

/** Of the authors' training, in levels. */
const STRONGEST_NOISE = 75;

/** The authors' own. */
const NORM_EPSILON = 1e-4;
