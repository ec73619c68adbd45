import type { Value } from '../graph/graph.ts';
import { unsupported } from '../import/refusal.ts';
import { type ArchitectureImporter, defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { nameSrresnet, SRRESNET_REMAKES, type SrresnetHabits } from './srresnet-keys.ts';

interface SrresnetPlan {
  readonly features: number;
  /** Numbers of the residual blocks. */
  readonly blocks: readonly number[];
  /** Of each PixelShuffle in turn. */
  readonly factors: readonly number[];
  readonly colours: ColourChannels;
  readonly habits: SrresnetHabits;
}

/**
 * SRResNet, which is SRGAN's generator (Ledig et al. 2017): residual blocks with batch normalisation, PixelShuffle,
 * PReLU (LeakyReLU in a remake without its weights). The remakes differ in names and in what they do to the samples.
 */
export const srresnets: readonly ArchitectureImporter[] = SRRESNET_REMAKES.map((remake) =>
  defineArchitecture<SrresnetPlan>({
    architecture: 'srresnet',
    title: 'SRResNet (SRGAN)',
    requiredKeys: ['conv_first.weight', 'body.0.conv1.weight', 'body.0.bn1.running_var', 'conv_last.weight'],

    recognise: (state) => nameSrresnet(remake, state),

    plan(state) {
      const features = axis(state, 'conv_first.weight', 0);
      const first = state.has('body.0.conv1.weight') ? 0 : 2;
      const blocks = countConsecutive(state, (index) => `body.${index}.conv1.weight`, first);
      const ups = countConsecutive(state, (index) => `up.${index}.conv.weight`);
      const factors = Array.from({ length: ups }, (_, index) => {
        return Math.sqrt(axis(state, `up.${index}.conv.weight`, 0) / axis(state, `up.${index}.conv.weight`, 1));
      });
      if (!factors.every(Number.isInteger)) {
        throw unsupported(`The SRResNet network enlarges by ${factors.join(' x ')}, which is no whole scale.`);
      }
      return {
        features,
        blocks: Array.from({ length: blocks }, (_, index) => first + index),
        factors,
        colours: checkColours('SRResNet', axis(state, 'conv_first.weight', 1), axis(state, 'conv_last.weight', 0)),
        habits: remake.habits,
      };
    },

    summarise: ({ features, blocks, habits }) =>
      [
        `${features} feat`,
        `${blocks.length} blocks`,
        ...(habits.input === 'unit' ? [] : [habits.input === 'signed' ? 'on -1..1' : "less ImageNet's mean"]),
        ...(habits.output === 'plain' ? [] : ['tanh']),
      ].join(', '),

    build({ blocks, factors, colours, habits }, state) {
      for (const key of state.keys) if (key.startsWith('unused.')) state.ignore(key);
      const graph = new Layers(state);
      const activated = (value: Value, name: string) =>
        state.has(`${name}.weight`) ? graph.prelu(value, name) : graph.leakyRelu(value, SLOPE);
      const first = activated(graph.named(fed(graph, colours, habits), 'conv_first'), 'act_first');
      let value = first;
      for (const block of blocks) {
        const inner = graph.normed(value, `body.${block}.conv1`, `body.${block}.bn1`);
        const activity = activated(inner, `body.${block}.prelu`);
        value = graph.add(value, graph.normed(activity, `body.${block}.conv2`, `body.${block}.bn2`));
      }
      const body = graph.normed(value, 'conv_body', 'bn_body');
      value = graph.add(first, state.has('act_body.weight') ? graph.prelu(body, 'act_body') : body);
      factors.forEach((factor, index) => {
        const shuffled = graph.pixelShuffle(graph.normed(value, `up.${index}.conv`, `up.${index}.bn`), factor);
        value = activated(shuffled, `up.${index}.prelu`);
      });
      return graph.finish(shown(graph, graph.named(value, 'conv_last'), habits));
    },
  }),
);

/** Of the remake that has no PReLU. */
const SLOPE = 0.2;

function fed(graph: Layers, colours: ColourChannels, { input }: SrresnetHabits): Value {
  const picture = graph.input(colours);
  switch (input) {
    case 'unit':
      return picture;
    case 'signed':
      return graph.affine(picture, [2], [-1]);
    case 'imagenet':
      return graph.affine(
        picture,
        DEVIATION.map((deviation) => 1 / deviation),
        MEAN.map((mean, channel) => -mean / (DEVIATION[channel] ?? 1)),
      );
  }
}

function shown(graph: Layers, value: Value, { output }: SrresnetHabits): Value {
  if (output === 'plain') return value;
  const made = graph.unary(value, 'tanh');
  return output === 'tanh' ? made : graph.affine(made, [0.5], [0.5]);
}

/** Of ImageNet, R, G, B, as torchvision gives them. */
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];
