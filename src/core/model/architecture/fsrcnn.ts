import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Value } from '../graph/graph.ts';
import { refused, unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { onLimitedLuma } from './luma-range.ts';
import { requireScaleInName } from './scale-from-name.ts';

interface FsrcnnPlan {
  readonly features: number;
  /** Convolutions, each with a PReLU behind it. */
  readonly convolutions: number;
  readonly colours: ColourChannels;
  readonly scale: number;
}

/**
 * FSRCNN: a chain of convolutions and PReLU at the input's size (`chain.N`), then a transposed convolution, on luma or
 * RGB. Its weights fit every scale; the file's name says which ("fsrcnn_x3.pth").
 */
export const fsrcnn = defineArchitecture<FsrcnnPlan>({
  architecture: 'fsrcnn',
  title: 'FSRCNN',
  requiredKeys: ['chain.0.weight', 'chain.1.weight', 'deconv.weight'],

  recognise(state) {
    const isOne = state.has('first_part.0.weight') && state.shape('last_part.weight')?.length === 4;
    const isOther = state.has('feature_extraction.0.weight') && state.shape('deconv.weight')?.length === 4;
    return isOne || isOther ? state.renamed(toChain(state)) : undefined;
  },

  plan(state, fileName) {
    const layers = countConsecutive(state, (index) => `chain.${index}.weight`);
    const isChain = Array.from({ length: layers }, (_, index) => state.shape(`chain.${index}.weight`)?.length).every(
      (dimensions, index) => dimensions === (index % 2 === 0 ? 4 : 1),
    );
    if (!isChain || layers % 2 !== 0) {
      throw unsupported(
        'The FSRCNN network has convolutions without PReLU between them; upreel runs those of the paper.',
      );
    }
    const scale = requireScaleInName('FSRCNN', fileName);
    if (scale > MAX_SCALE) throw unsupported(`The FSRCNN network would enlarge ${scale} times; the limit is 4.`);
    const colours = checkColours('FSRCNN', axis(state, 'chain.0.weight', 1), axis(state, 'deconv.weight', 1));
    return { features: axis(state, 'chain.0.weight', 0), convolutions: layers / 2, colours, scale };
  },

  summarise: ({ features, convolutions, colours }) =>
    `${features} feat, ${convolutions} conv, on ${colours === 1 ? 'luma' : 'RGB'}`,

  build({ convolutions, colours, scale }, state) {
    const graph = new Layers(state);
    const weight = state.tensor('deconv.weight', 4);
    if (weight.shape[2] !== KERNEL || weight.shape[3] !== KERNEL) {
      throw refused(`deconv.weight has the shape [${weight.shape}], not a kernel of ${KERNEL}.`);
    }
    const bias = state.optional('deconv.bias', 1);
    const layers = (input: Value): Value => {
      let value = input;
      for (let index = 0; index < convolutions; index++) {
        value = graph.prelu(graph.named(value, `chain.${2 * index}`), `chain.${2 * index + 1}`);
      }
      // torch's padding of 4 with an output padding of scale - 1.
      const padding = { top: 4, left: 4, bottom: KERNEL - 4 - scale, right: KERNEL - 4 - scale };
      const stride = [scale, scale] as const;
      return graph.append({ op: 'deconv', input: value, weight, bias, stride, padding, groups: 1 }, 'deconv');
    };
    const input = graph.input(colours);
    return graph.finish(colours === 1 ? onLimitedLuma(graph, input, layers) : layers(input));
  },
});

const KERNEL = 9;
const MAX_SCALE = 4;

/** Two remakes: `first_part`, `mid_part`, `last_part`; and a part for each purpose. */
function toChain(state: StateDict): (key: string) => string {
  const mapped = countConsecutive(state, (index) => `map.${index}.weight`);
  const firstOf: Readonly<Record<string, number>> = {
    first_part: 0,
    mid_part: 2,
    feature_extraction: 0,
    shrink: 2,
    map: 4,
    expand: 4 + mapped,
  };
  return (key) => {
    const [, part = '', index, kind] = /^(\w+)\.(\d{1,4})\.(weight|bias)$/.exec(key) ?? [];
    const first = Object.hasOwn(firstOf, part) ? firstOf[part] : undefined;
    return first === undefined ? key.replace(/^last_part\./, 'deconv.') : `chain.${first + Number(index)}.${kind}`;
  };
}
