import type { Value } from '../graph/graph.ts';
import { defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { axis } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { onLimitedLuma } from './luma-range.ts';
import { requireScaleInName } from './scale-from-name.ts';

interface SrcnnPlan {
  readonly features: number;
  readonly colours: ColourChannels;
  readonly scale: number;
}

/**
 * SRCNN: three convolutions that sharpen a picture already enlarged by bicubic interpolation, on luma as their authors
 * ran them, or on RGB. The scale is not in the file but in its name ("srcnn_x3.pth").
 */
export const srcnn = defineArchitecture<SrcnnPlan>({
  architecture: 'srcnn',
  title: 'SRCNN',
  requiredKeys: ['conv1.weight', 'conv2.weight', 'conv3.weight'],

  recognise(state) {
    const named = state.has('reconstruction.weight') ? state.renamed(fromSequences) : state;
    const isAll = named.keys.every((key) => NAMES.includes(key.replace(/\.(weight|bias)$/, '')));
    return isAll && NAMES.every((name) => named.shape(`${name}.weight`)?.length === 4) ? named : undefined;
  },

  plan(state, fileName) {
    const colours = checkColours('SRCNN', axis(state, 'conv1.weight', 1), axis(state, 'conv3.weight', 0));
    return { features: axis(state, 'conv1.weight', 0), colours, scale: requireScaleInName('SRCNN', fileName) };
  },

  summarise: ({ features, colours }) => `${features} feat, on ${colours === 1 ? 'luma' : 'RGB'}`,

  build({ colours, scale }, state) {
    const graph = new Layers(state);
    const layers = (value: Value): Value => {
      const first = graph.unary(graph.named(value, 'conv1'), 'relu');
      return graph.named(graph.unary(graph.named(first, 'conv2'), 'relu'), 'conv3');
    };
    const input = graph.input(colours);
    const base = graph.append({ op: 'resize', input, mode: 'catmull-rom', scale }, 'bicubic base');
    return graph.finish(colours === 1 ? onLimitedLuma(graph, base, layers) : layers(base));
  },
});

const NAMES = ['conv1', 'conv2', 'conv3'];

/** A remake that names what each layer is for. */
function fromSequences(key: string): string {
  return key
    .replace(/^features\.0\./, 'conv1.')
    .replace(/^map\.0\./, 'conv2.')
    .replace(/^reconstruction\./, 'conv3.');
}
