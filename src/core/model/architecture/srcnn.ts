import type { Value } from '../graph/graph.ts';
import { unsupported } from '../refusal.ts';
import { tensor } from '../tensor.ts';
import { defineArchitecture } from './architecture.ts';
import { axis } from './key-shapes.ts';
import { Layers } from './layers.ts';

interface SrcnnPlan {
  readonly features: number;
  readonly channels: 1 | 3;
  readonly scale: number;
}

/**
 * SRCNN: three convolutions that sharpen a picture already enlarged by bicubic interpolation. Those that know one
 * channel work on luma (Rec. 601, limited range), as their authors ran them; adding the change in luma to each of R, G
 * and B leaves chroma as it was. The scale is not in the file but in its name ("srcnn_x3.pth").
 */
export const srcnn = defineArchitecture<SrcnnPlan>({
  architecture: 'srcnn',
  title: 'SRCNN',
  requiredKeys: ['conv1.weight', 'conv2.weight', 'conv3.weight'],

  recognise(state) {
    const names = ['conv1', 'conv2', 'conv3'];
    const isAll = state.keys.every((key) => names.includes(key.replace(/\.(weight|bias)$/, '')));
    return isAll && names.every((name) => state.shape(`${name}.weight`)?.length === 4) ? state : undefined;
  },

  plan(state, fileName) {
    const channels = axis(state, 'conv1.weight', 1);
    const scale = Number(/(?:^|[^a-z0-9])x?([2348])x?(?![a-z0-9])/i.exec(fileName)?.[1]);
    if (axis(state, 'conv3.weight', 0) !== channels || (channels !== 1 && channels !== 3)) {
      throw unsupported(`The SRCNN network takes ${channels} channels; upreel runs those for luma or RGB.`);
    }
    if (Number.isNaN(scale)) {
      throw unsupported(
        'An SRCNN file does not say how much it enlarges.',
        "Put the scale into the file's name, for example srcnn_x3.pth.",
      );
    }
    return { features: axis(state, 'conv1.weight', 0), channels, scale };
  },

  summarise: ({ features, channels }) => `${features} feat, on ${channels === 1 ? 'luma' : 'RGB'}`,

  build({ channels, scale }, state) {
    const graph = new Layers(state);
    const layers = (value: Value): Value => {
      const first = graph.unary(graph.named(value, 'conv1'), 'relu');
      return graph.named(graph.unary(graph.named(first, 'conv2'), 'relu'), 'conv3');
    };
    const rgb = graph.append({ op: 'resize', input: graph.input(3), mode: 'catmull-rom', scale }, 'bicubic base');
    if (channels === 3) return graph.finish(layers(rgb));
    const weights = tensor([1, 3, 1, 1], Float32Array.from(LUMA));
    const luma = graph.conv(rgb, weights, tensor([1], Float32Array.of(16 / 255)), 'luma');
    const change = graph.append({ op: 'binary', kind: 'sub', left: layers(luma), right: luma }, 'change in luma');
    const spread = tensor([3, 1, 1, 1], new Float32Array(3).fill(255 / 219));
    return graph.finish(graph.add(rgb, graph.conv(change, spread, null, 'change in RGB')));
  },
});

const LUMA = [65.481 / 255, 128.553 / 255, 24.966 / 255];
