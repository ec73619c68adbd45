import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Value } from '../graph/graph.ts';
import { sameSizeConvolution } from '../graph/graph-builder.ts';
import { refused, unsupported } from '../import/refusal.ts';
import { tensor } from '../tensor.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { RrdbLayers } from './rrdb.ts';

interface MmRealSrPlan {
  readonly features: number;
  readonly blocks: number;
  /** Kinds of degradation that it estimates: blur and noise. */
  readonly degradations: number;
}

/**
 * MM-RealSR (Mou et al. 2022): ESRGAN's network whose blocks are steered by how degraded the picture is, which a second
 * network estimates from the whole of it.
 */
export const mmRealSr = defineArchitecture<MmRealSrPlan>({
  architecture: 'mm-realsr',
  title: 'MM-RealSR',
  requiredKeys: ['conv_first.weight', 'am_list.0.fc.0.weight', 'de_net.conv_first.0.weight', 'dd_embed.0.weight'],

  recognise: (state) =>
    state.has('body.0.rdb1.conv1.weight') && state.has('de_net.conv_first.0.weight') ? state : undefined,

  plan(state) {
    const [taken, made] = [axis(state, 'conv_first.weight', 1), axis(state, 'conv_last.weight', 0)];
    if (taken !== 3 || made !== 3) {
      throw unsupported(`The MM-RealSR network makes ${made} channels of ${taken}; upreel runs those for x4 of RGB.`);
    }
    return {
      features: axis(state, 'conv_first.weight', 0),
      blocks: countConsecutive(state, (index) => `body.${index}.rdb1.conv1.weight`),
      degradations: axis(state, 'dd_embed.0.weight', 1),
    };
  },

  summarise: ({ features, blocks, degradations }) => `${features} feat, ${blocks} blocks, ${degradations} degradations`,

  build({ blocks, degradations }, state) {
    const graph = new MmRealSrLayers(state);
    const input = graph.input(3);
    const degrees = Array.from({ length: degradations }, (_, kind) => graph.degree(input, kind));
    const embedded = graph.unary(graph.linear(graph.concat(degrees, 'dd_embed'), 'dd_embed.0'), 'relu');
    const first = graph.named(input, 'conv_first');
    let value = first;
    for (let block = 0; block < blocks; block++) {
      value = graph.steered(graph.residualBlock(value, `body.${block}`), embedded, `am_list.${block}`);
    }
    value = graph.add(graph.named(value, 'conv_body'), first);
    for (const name of ['conv_up1', 'conv_up2']) value = graph.activated(graph.nearest(value, 2), name);
    return graph.finish(graph.named(graph.activated(value, 'conv_hr'), 'conv_last'));
  },
});

class MmRealSrLayers extends RrdbLayers {
  readonly #weights: StateDict;

  constructor(state: StateDict) {
    super(state);
    this.#weights = state;
  }

  /** torch's Linear on [C, 1, 1]. */
  linear(input: Value, name: string): Value {
    const weight = this.#weights.tensor(`${name}.weight`, 2);
    return this.conv(
      input,
      tensor([...weight.shape, 1, 1], weight.data),
      this.#weights.tensor(`${name}.bias`, 1),
      name,
    );
  }

  /** How strong one kind of degradation is, 0 to 1. */
  degree(input: Value, kind: number): Value {
    let value = this.named(input, `de_net.conv_first.${kind}`);
    for (let index = 0; ; index++) {
      const name = `de_net.body.${kind}.${index}`;
      if (this.#weights.has(`${name}.conv1.weight`)) {
        const inner = this.unary(this.named(value, `${name}.conv1`), 'relu');
        value = this.add(value, this.named(inner, `${name}.conv2`));
      } else if (this.#weights.has(`${name}.weight`)) {
        value = this.#halved(value, name);
      } else break;
    }
    const hidden = this.unary(this.linear(this.globalMean(value), `de_net.fc_degree.${kind}.0`), 'relu');
    return this.unary(this.linear(hidden, `de_net.fc_degree.${kind}.2`), 'sigmoid');
  }

  #halved(input: Value, name: string): Value {
    const weight = this.#weights.tensor(`${name}.weight`, 4);
    if (weight.shape[2] !== 3 || weight.shape[3] !== 3)
      throw refused(`${name} has weights of shape [${weight.shape}].`);
    const convolution = sameSizeConvolution(input, weight, this.#weights.optional(`${name}.bias`, 1));
    return this.append({ ...convolution, stride: [2, 2] }, name);
  }

  /** (1 + factor) * value + offset, one of each per channel, from three layers. */
  steered(value: Value, embedded: Value, name: string): Value {
    const first = this.unary(this.linear(embedded, `${name}.fc.0`), 'relu');
    const second = this.unary(this.linear(first, `${name}.fc.2`), 'relu');
    const both = this.linear(second, `${name}.fc.4`);
    const { channels } = this.shapeOf(value);
    const factor = this.affine(this.channels(both, 0, channels), [1], [1]);
    return this.add(this.multiply(value, factor), this.channels(both, channels, 2 * channels));
  }
}
