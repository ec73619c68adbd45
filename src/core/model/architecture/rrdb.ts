import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Value } from '../graph/graph.ts';
import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { toRealEsrganKeys } from './rrdb-keys.ts';

interface RrdbPlan {
  readonly features: number;
  readonly blocks: number;
  /** Doublings of the size after the trunk. */
  readonly doublings: number;
  /** Pixel-unshuffle of the input: 1 is none. */
  readonly unshuffle: number;
  readonly colours: ColourChannels;
  /** ESRGAN+'s additional 1x1 convolutions. */
  readonly plus: boolean;
}

/**
 * RRDBNet (ESRGAN, Real-ESRGAN, BSRGAN): dense blocks of five convolutions, three to a residual block, then nearest
 * doubling and a convolution each. Networks for x2 and x1 fold pixels into channels first and enlarge four times.
 */
export const rrdb = defineArchitecture<RrdbPlan>({
  architecture: 'rrdb',
  title: 'RRDB (ESRGAN)',
  requiredKeys: [
    'conv_first.weight',
    'body.0.rdb1.conv1.weight',
    'conv_body.weight',
    'conv_hr.weight',
    'conv_last.weight',
  ],

  recognise: toRealEsrganKeys,

  plan(state) {
    const channels = axis(state, 'conv_first.weight', 1);
    const made = axis(state, 'conv_last.weight', 0);
    const unshuffle = Math.sqrt(channels / made);
    const doublings = countConsecutive(state, (index) => `conv_up${index}.weight`, 1);
    if (![1, 2, 4].includes(unshuffle) || 2 ** doublings < unshuffle) {
      throw unsupported(
        `The ESRGAN network takes ${channels} channels and makes ${made}; upreel runs those from RGB to RGB.`,
      );
    }
    return {
      features: axis(state, 'conv_first.weight', 0),
      blocks: countConsecutive(state, (index) => `body.${index}.rdb1.conv1.weight`),
      doublings,
      unshuffle,
      colours: checkColours('ESRGAN', made, made),
      plus: state.has('body.0.rdb1.conv1x1.weight'),
    };
  },

  summarise: ({ features, blocks, unshuffle, plus }) =>
    [
      `${features} feat`,
      `${blocks} blocks`,
      ...(unshuffle > 1 ? [`pixel-unshuffle ${unshuffle}`] : []),
      ...(plus ? ['ESRGAN+'] : []),
    ].join(', '),

  build({ blocks, doublings, unshuffle, colours }, state) {
    const graph = new RrdbLayers(state);
    const first = graph.named(graph.pixelUnshuffle(graph.input(colours), unshuffle), 'conv_first');
    let value = first;
    for (let block = 0; block < blocks; block++) value = graph.residualBlock(value, `body.${block}`);
    value = graph.add(graph.named(value, 'conv_body'), first);
    for (let doubling = 1; doubling <= doublings; doubling++) {
      value = graph.activated(graph.nearest(value, 2), `conv_up${doubling}`);
    }
    return graph.finish(graph.named(graph.activated(value, 'conv_hr'), 'conv_last'));
  },
});

/** Its blocks, by the name of their keys. */
export class RrdbLayers extends Layers {
  readonly #state: StateDict;

  constructor(state: StateDict) {
    super(state);
    this.#state = state;
  }

  activated(input: Value, name: string): Value {
    return this.leakyRelu(this.named(input, name), SLOPE);
  }

  residualBlock(input: Value, name: string): Value {
    const dense = ['rdb1', 'rdb2', 'rdb3'].reduce((value, rdb) => this.#denseBlock(value, `${name}.${rdb}`), input);
    return this.#scaledResidual(dense, input);
  }

  #denseBlock(input: Value, name: string): Value {
    const values = [input];
    for (let index = 1; index <= 4; index++) {
      const joined = index === 1 ? input : this.concat([...values], name);
      const made = this.activated(joined, `${name}.conv${index}`);
      values.push(this.#plus(made, index, values, name));
    }
    return this.#scaledResidual(this.named(this.concat(values, name), `${name}.conv5`), input);
  }

  /** ESRGAN+ adds a 1x1 convolution of the block's input to x2, and x2 to x4. */
  #plus(made: Value, index: number, values: readonly Value[], name: string): Value {
    const [input = made, , second = made] = values;
    if (!this.#state.has(`${name}.conv1x1.weight`)) return made;
    if (index === 2) return this.add(made, this.named(input, `${name}.conv1x1`));
    return index === 4 ? this.add(made, second) : made;
  }

  #scaledResidual(branch: Value, trunk: Value): Value {
    return this.add(this.times(branch, RESIDUAL_SCALE), trunk);
  }
}

/** Both fixed in every implementation of the network. */
const SLOPE = 0.2;
const RESIDUAL_SCALE = 0.2;
