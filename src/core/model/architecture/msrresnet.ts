import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';

interface MsrResNetPlan {
  readonly features: number;
  readonly blocks: number;
  /** Of each PixelShuffle in turn. */
  readonly factors: readonly number[];
}

/**
 * MSRResNet (SRGAN's generator without batch norm, BasicSR): residual blocks, PixelShuffle, the bilinear picture added.
 */
export const msrresnet = defineArchitecture<MsrResNetPlan>({
  architecture: 'msrresnet',
  title: 'MSRResNet (SRGAN)',
  requiredKeys: [
    'conv_first.weight',
    'body.0.conv1.weight',
    'body.0.conv2.weight',
    'upconv1.weight',
    'conv_hr.weight',
    'conv_last.weight',
  ],

  recognise(state) {
    const renamed = state.has('recon_trunk.0.conv1.weight')
      ? state.renamed((key) => key.replace(/^recon_trunk\./, 'body.').replace(/^HRconv\./, 'conv_hr.'))
      : state;
    return renamed.has('body.0.conv1.weight') && renamed.has('upconv1.weight') ? renamed : undefined;
  },

  plan(state) {
    const features = axis(state, 'conv_first.weight', 0);
    const factor = Math.sqrt(axis(state, 'upconv1.weight', 0) / features);
    const made = axis(state, 'conv_last.weight', 0);
    if (axis(state, 'conv_first.weight', 1) !== 3 || made !== 3 || !Number.isInteger(factor)) {
      throw unsupported(
        `The MSRResNet network makes ${made} channels by ${factor}; upreel runs those from RGB to RGB.`,
      );
    }
    return {
      features,
      blocks: countConsecutive(state, (index) => `body.${index}.conv1.weight`),
      factors: state.has('upconv2.weight') ? [factor, factor] : [factor],
    };
  },

  summarise: ({ features, blocks }) => `${features} feat, ${blocks} blocks`,

  build({ blocks, factors }, state) {
    const graph = new Layers(state);
    const input = graph.input(3);
    let value = graph.leakyRelu(graph.named(input, 'conv_first'), SLOPE);
    for (let block = 0; block < blocks; block++) {
      const inner = graph.unary(graph.named(value, `body.${block}.conv1`), 'relu');
      value = graph.add(value, graph.named(inner, `body.${block}.conv2`));
    }
    factors.forEach((factor, index) => {
      value = graph.leakyRelu(graph.pixelShuffle(graph.named(value, `upconv${index + 1}`), factor), SLOPE);
    });
    const detail = graph.named(graph.leakyRelu(graph.named(value, 'conv_hr'), SLOPE), 'conv_last');
    const scale = factors.reduce((product, factor) => product * factor, 1);
    const base = graph.append({ op: 'resize', input, mode: 'linear', scale }, 'bilinear base');
    return graph.finish(graph.add(detail, base));
  },
});

const SLOPE = 0.1;
