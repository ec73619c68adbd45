import { unsupported } from '../import/refusal.ts';
import { cropToSize, padToMultiple } from '../program/padding.ts';
import type { Planes } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface SafmnPlan {
  /** BCIE: a restorer of JPEG pictures that folds pixels into channels, and whose blocks are in groups. */
  readonly kind: 'SAFMN' | 'BCIE';
  readonly features: number;
  /** Blocks of each group; SAFMN has one. */
  readonly groups: readonly number[];
  readonly scale: number;
  readonly unshuffle: number;
}

/**
 * SAFMN (Sun et al. 2023) and its restorer BCIE: blocks that weigh each sample by what a quarter of the channels each
 * sees at the full size, a half, a quarter and an eighth.
 */
export const safmn = defineArchitecture<SafmnPlan>({
  architecture: 'safmn',
  title: 'SAFMN',
  requiredKeys: ['to_feat.weight', 'feats.0.safm.mfr.0.weight', 'feats.0.ccm.ccm.0.weight', 'to_img.0.weight'],

  recognise: (state) =>
    state.has('feats.0.safm.mfr.0.weight') || state.has('feats.0.layers.0.safm.mfr.0.weight') ? state : undefined,

  plan(state) {
    const kind = state.has('feats.0.safm.mfr.0.weight') ? 'SAFMN' : 'BCIE';
    const first = kind === 'SAFMN' ? 'to_feat.weight' : 'to_feat.1.weight';
    const unshuffle = Math.sqrt(axis(state, first, 1) / 3);
    const scale = kind === 'SAFMN' ? Math.sqrt(axis(state, 'to_img.0.weight', 0) / 3) : 1;
    const features = axis(state, first, 0);
    if (!Number.isInteger(unshuffle) || !Number.isInteger(scale) || features % LEVELS !== 0) {
      throw unsupported(`The ${kind} network takes ${axis(state, first, 1)} channels and enlarges ${scale} times.`);
    }
    const count = countConsecutive(state, (group) => `feats.${group}.conv.weight`);
    const groups =
      kind === 'SAFMN'
        ? [countConsecutive(state, (block) => `feats.${block}.safm.mfr.0.weight`)]
        : Array.from({ length: count }, (_, group) =>
            countConsecutive(state, (block) => `feats.${group}.layers.${block}.safm.mfr.0.weight`),
          );
    return { kind, features, groups, scale, unshuffle };
  },

  summarise: ({ kind, features, groups, unshuffle }) =>
    [
      ...(kind === 'BCIE' ? [kind] : []),
      ...[`${features} feat`, `${groups.join('+')} blocks`],
      ...(unshuffle === 1 ? [] : [`pixel-unshuffle ${unshuffle}`]),
    ].join(', '),

  build({ kind, groups, scale, unshuffle }, state) {
    const layers = new ProgramLayers(state);
    const input = layers.input(3);
    const multiple = 2 ** (LEVELS - 1) * unshuffle;
    const padded = layers.pixelUnshuffle(padToMultiple(layers, input, multiple, 'reflect'), unshuffle);
    const first = layers.conv(padded, kind === 'SAFMN' ? 'to_feat' : 'to_feat.1');
    let value = first;
    groups.forEach((blocks, group) => {
      const name = kind === 'SAFMN' ? 'feats' : `feats.${group}.layers`;
      const before = value;
      for (let block = 0; block < blocks; block++) value = modulated(layers, value, `${name}.${block}`);
      if (kind === 'BCIE') value = layers.add(layers.conv(value, `feats.${group}.conv`), before);
    });
    const enlarged = layers.pixelShuffle(layers.conv(layers.add(value, first), 'to_img.0'), scale * unshuffle);
    const made = kind === 'SAFMN' ? enlarged : layers.conv(enlarged, 'to_img.2');
    return layers.finish(cropToSize(layers, made, layers.sizeOf(input), scale), scale, multiple);
  },
});

/** How many sizes it sees. */
const LEVELS = 4;

function modulated(layers: ProgramLayers, input: Planes, name: string): Planes {
  const normed = layers.layerNormPlanes(input, `${name}.norm1`, 1e-6);
  const width = input.channels / LEVELS;
  const level = (index: number): Planes => {
    const part = layers.channels(normed, index * width, (index + 1) * width);
    const seen = (planes: Planes) => layers.conv(planes, `${name}.safm.mfr.${index}`, { groups: width });
    return index === 0 ? seen(part) : layers.nearest(seen(layers.maxPool(part, 2 ** index)), 2 ** index);
  };
  const levels = layers.concat([level(0), level(1), level(2), level(3)]);
  const weights = layers.activate(layers.conv(levels, `${name}.safm.aggr`), 'gelu');
  const sum = layers.add(layers.multiply(weights, normed), input);
  const wide = layers.conv(layers.layerNormPlanes(sum, `${name}.norm2`, 1e-6), `${name}.ccm.ccm.0`);
  return layers.add(layers.conv(layers.activate(wide, 'gelu'), `${name}.ccm.ccm.2`), sum);
}
