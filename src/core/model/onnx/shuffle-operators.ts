import type { Meaning, NodeReader, PartedPixels } from './node-reader.ts';

/**
 * PixelShuffle as exporters wrote it before DepthToSpace: a Reshape to [n, c, r, r, h, w], a Transpose to
 * [n, c, h, r, w, r], and a Reshape to [n, c, h r, w r]. The sizes in it are those of the picture at the export.
 */
export function translateReshape(node: NodeReader): Meaning {
  const meaning = node.meaning(0);
  const shape = node.constant(1).integers();
  if (meaning?.kind === 'parted') return joined(node, meaning, shape);
  const [, channels = 0, factor = 0, same = 0] = shape;
  const value = node.value(0);
  const isParted = shape.length === 6 && factor === same && factor >= 1 && factor <= 16;
  if (!isParted || channels * factor ** 2 !== node.builder.shapeOf(value).channels)
    throw node.notUnderstood('its shape');
  return { kind: 'parted', value, channels, factor, isTurned: false };
}

/** @returns undefined if the Transpose is not the one in the middle */
export function turnParted(meaning: Meaning | undefined, order: readonly number[]): Meaning | undefined {
  if (meaning?.kind !== 'parted' || meaning.isTurned || order.join('') !== '014253') return undefined;
  return { ...meaning, isTurned: true };
}

function joined(
  node: NodeReader,
  { value, channels, factor, isTurned }: PartedPixels,
  shape: readonly number[],
): Meaning {
  if (!isTurned || shape.length !== 4 || shape[1] !== channels) throw node.notUnderstood('its shape');
  const shuffled = { op: 'pixel-shuffle', input: value, factor, order: 'crd' } as const;
  return { kind: 'value', value: node.builder.append(shuffled, 'a Reshape'), layout: 'nchw' };
}
