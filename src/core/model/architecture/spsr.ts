import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Value } from '../graph/graph.ts';
import { sameSizeConvolution } from '../graph/graph-builder.ts';
import { refused, unsupported } from '../import/refusal.ts';
import { tensor } from '../tensor.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { RrdbLayers } from './rrdb.ts';
import { scaleInName } from './scale-from-name.ts';

interface SpsrPlan {
  readonly features: number;
  readonly blocks: number;
  readonly factors: readonly number[];
}

/**
 * SPSR (Ma et al. 2020): ESRGAN's network beside a second one, which enlarges the picture's gradients with what the
 * first has seen after every fifth block; both are joined at the end.
 */
export const spsr = defineArchitecture<SpsrPlan>({
  architecture: 'spsr',
  title: 'SPSR',
  requiredKeys: ['model.0.weight', 'model.1.sub.0.rdb1.conv1.weight', 'b_fea_conv.0.weight', 'f_HR_conv1.0.weight'],

  recognise: (state) =>
    state.has('b_fea_conv.0.weight') && state.has('model.1.sub.0.RDB1.conv1.0.weight')
      ? state.renamed((key) => key.replace(/RDB(\d)\.conv(\d)\.0\./, 'rdb$1.conv$2.'))
      : undefined,

  plan(state, fileName) {
    const [taken, made] = [axis(state, 'model.0.weight', 1), axis(state, 'f_HR_conv1.0.weight', 0)];
    if (taken !== 3 || made !== 3) {
      throw unsupported(`The SPSR network makes ${made} channels of ${taken}; upreel runs those from RGB to RGB.`);
    }
    const blocks = countConsecutive(state, (index) => `model.1.sub.${index}.rdb1.conv1.weight`);
    if (blocks < STAGES * BLOCKS_PER_STAGE) throw refused(`it has ${blocks} blocks, where SPSR has 20 at least.`);
    const steps = countConsecutive(state, (step) => `model.${3 * step}.weight`, 1);
    // One step may be for x2 or x3, which only the file's name can tell.
    const factors = steps === 1 ? [scaleInName(fileName) === 3 ? 3 : 2] : new Array<number>(steps).fill(2);
    return { features: axis(state, 'model.0.weight', 0), blocks, factors };
  },

  summarise: ({ features, blocks }) => `${features} feat, ${blocks} blocks`,

  build({ blocks, factors }, state) {
    // The first is a second copy; the last made a picture of gradients for training.
    for (const part of ['weight', 'bias']) {
      state.ignore(`model.${3 * factors.length + 2}.${part}`);
      state.ignore(`conv_w.0.${part}`);
    }
    const graph = new SpsrLayers(state);
    const input = graph.input(3);
    const seen: Value[] = [];
    const first = graph.named(input, 'model.0');
    let value = first;
    for (let block = 0; block < blocks; block++) {
      value = graph.residualBlock(value, `model.1.sub.${block}`);
      if ((block + 1) % BLOCKS_PER_STAGE === 0 && seen.length < STAGES) seen.push(value);
    }
    const trunk = graph.add(first, graph.named(value, `model.1.sub.${blocks}`));
    const enlarged = graph.enlarged(trunk, factors, (step) => `model.${3 * step + 3}`);
    const colours = graph.named(graph.activated(enlarged, 'HR_conv0_new.0'), 'HR_conv1_new.0');

    const edges = graph.named(graph.gradients(input), 'b_fea_conv.0');
    const refined = seen.reduce((made, features, stage) => graph.joined([made, features], 'b', stage + 1), edges);
    const sum = graph.add(graph.named(refined, 'b_LR_conv.0'), edges);
    const large = graph.enlarged(sum, factors, (step) => `b_module.${3 * step + 1}`);
    const last = 3 * factors.length;
    const branch = graph.named(graph.activated(large, `b_module.${last}`), `b_module.${last + 2}`);

    const made = graph.activated(graph.joined([branch, colours], 'f'), 'f_HR_conv0.0');
    return graph.finish(graph.named(made, 'f_HR_conv1.0'));
  },
});

const STAGES = 4;
const BLOCKS_PER_STAGE = 5;

class SpsrLayers extends RrdbLayers {
  readonly #weights: StateDict;

  constructor(state: StateDict) {
    super(state);
    this.#weights = state;
  }

  enlarged(input: Value, factors: readonly number[], name: (step: number) => string): Value {
    return factors.reduce((value, factor, step) => this.activated(this.nearest(value, factor), name(step)), input);
  }

  /** A block of both, brought back to the width of one. */
  joined(inputs: readonly Value[], branch: 'b' | 'f', stage?: number): Value {
    const suffix = stage === undefined ? '' : `_${stage}`;
    const both = this.residualBlock(this.concat(inputs, `${branch}_block${suffix}`), `${branch}_block${suffix}`);
    return this.named(both, `${branch}_concat${suffix}.0`);
  }

  /** The length of each channel's gradient; the kernels are in the file, though they are not trained. */
  gradients(input: Value): Value {
    const along = (part: 'weight_v' | 'weight_h'): Value => {
      const { shape, data } = this.#weights.tensor(`get_g_nopadding.${part}`, 4);
      if (data.length !== 9 || shape[2] !== 3) throw refused(`get_g_nopadding.${part} has the shape [${shape}].`);
      const kernels = tensor(
        [3, 1, 3, 3],
        Float32Array.from({ length: 27 }, (_, index) => data[index % 9]!),
      );
      const made = this.append({ ...sameSizeConvolution(input, kernels, null), groups: 3 }, 'a gradient');
      return this.multiply(made, made);
    };
    return this.unary(this.affine(this.add(along('weight_v'), along('weight_h')), [1], [1e-6]), 'sqrt');
  }
}
