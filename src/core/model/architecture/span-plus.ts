import type { StateDict } from '../checkpoint/state-dict.ts';
import { unsupported } from '../import/refusal.ts';
import { dySample } from '../program/dysample.ts';
import type { Planes } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { defineArchitecture } from './architecture.ts';
import { mergedConv3xc } from './conv3xc.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface SpanPlusPlan {
  readonly features: number;
  /** Of each group, those between the first and the last. */
  readonly blocks: readonly number[];
  readonly scale: number;
  readonly tail: 'PixelShuffle' | 'DySample';
}

/** SPANPlus (umzi 2024): groups of SPAN's blocks with Mish, the range left as it is, PixelShuffle or DySample. */
export const spanPlus = defineArchitecture<SpanPlusPlan>({
  architecture: 'spanplus',
  title: 'SPANPlus',
  requiredKeys: ['feats.0.eval_conv.weight', 'feats.1.block_1.c1_r.eval_conv.weight', 'feats.1.conv_cat.weight'],

  recognise: (state) =>
    state.has('feats.1.conv_cat.weight') && state.keys.some((key) => key.startsWith('feats.1.block_1.c1_r.'))
      ? state
      : undefined,

  plan(state) {
    const tail = state.has('upsampler.init_pos') ? 'DySample' : 'PixelShuffle';
    // Colours, or x and y of four groups, for each pixel of the result.
    const scale =
      tail === 'DySample'
        ? Math.sqrt(axis(state, 'upsampler.offset.weight', 0) / 8)
        : Math.sqrt(axis(state, 'upsampler.0.weight', 0) / 3);
    if (!Number.isInteger(scale)) {
      throw unsupported(`The SPANPlus network enlarges ${scale} times; upreel runs those from RGB to RGB.`);
    }
    const groups = countConsecutive(state, (group) => `feats.${group}.conv_cat.weight`, 1);
    return {
      features: axis(state, 'feats.1.conv_cat.weight', 0),
      blocks: Array.from({ length: groups }, (_, group) => countBlocks(state, group + 1)),
      scale,
      tail,
    };
  },

  summarise: ({ features, blocks, tail }) => `${features} feat, ${blocks.join('+')} blocks, ${tail}`,

  build({ blocks, scale, tail }, state) {
    const layers = new SpanPlusLayers(state);
    let value = layers.conv3xc(layers.input(3), 'feats.0');
    blocks.forEach((count, index) => {
      value = layers.group(value, `feats.${index + 1}`, count);
    });
    const made =
      tail === 'DySample'
        ? dySample(layers, value, 'upsampler', scale)
        : layers.pixelShuffle(layers.conv(value, 'upsampler.0'), scale);
    return layers.finish(made, scale, 1);
  },
});

function countBlocks(state: StateDict, group: number): number {
  const count = (part: string) =>
    countConsecutive(state, (block) => `feats.${group}.block_n.${block}.c1_r.${part}.weight`);
  return count('sk') || count('eval_conv');
}

class SpanPlusLayers extends ProgramLayers {
  readonly #state: StateDict;

  constructor(state: StateDict) {
    super(state);
    this.#state = state;
  }

  conv3xc(planes: Planes, name: string): Planes {
    const { weight, bias } = mergedConv3xc(this.#state, name);
    return this.mergedConv(planes, weight, bias);
  }

  group(input: Planes, name: string, count: number): Planes {
    const first = this.#block(input, `${name}.block_1`).made;
    let value = first;
    for (let index = 0; index < count; index++) value = this.#block(value, `${name}.block_n.${index}`).made;
    // The authors' activation works in place: what the last block hands out beside its result has been activated.
    const last = this.#block(value, `${name}.block_end`);
    return this.conv(
      this.concat([input, this.conv3xc(last.made, `${name}.conv_2`), first, last.inner]),
      `${name}.conv_cat`,
    );
  }

  #block(input: Planes, name: string): { made: Planes; inner: Planes } {
    const inner = this.activate(this.conv3xc(input, `${name}.c1_r`), 'mish');
    const third = this.conv3xc(this.activate(this.conv3xc(inner, `${name}.c2_r`), 'mish'), `${name}.c3_r`);
    const attention = this.plus(this.activate(third, 'sigmoid'), -0.5);
    return { made: this.multiply(this.add(third, input), attention), inner };
  }
}
