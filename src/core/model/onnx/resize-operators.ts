import type { ResizeMode, Value } from '../graph/graph.ts';
import type { NodeReader } from './node-reader.ts';

/** Resize by a constant factor, in the ways that upreel's own resizing is written. */
export function translateResize(node: NodeReader): Value {
  const isOld = node.opset < 11;
  const scales = node.optionalConstant(isOld ? 1 : 2)?.floats().data ?? [];
  if (node.optionalConstant(3) !== undefined) throw node.notUnderstood('a fixed size');
  if (node.integer('antialias', 0) !== 0 || node.integer('exclude_outside', 0) !== 0 || node.has('axes')) {
    throw node.notUnderstood('its settings');
  }
  const scale = uniformScale(node, scales);
  const coordinates = node.text('coordinate_transformation_mode', isOld ? 'asymmetric' : 'half_pixel');
  return node.builder.append(
    { op: 'resize', input: node.value(0), mode: modeOf(node, coordinates, scale, isOld), scale },
    'a Resize',
  );
}

/** The older operator of the same kind. */
export function translateUpsample(node: NodeReader): Value {
  const scales = node.inputs > 1 ? node.constant(1).floats().data : node.floats('scales');
  if (node.text('mode', 'nearest') !== 'nearest') throw node.notUnderstood('its interpolation');
  const scale = uniformScale(node, scales);
  return node.builder.append({ op: 'resize', input: node.value(0), mode: 'nearest', scale }, 'an Upsample');
}

function uniformScale(node: NodeReader, scales: ArrayLike<number>): number {
  const [batch, channels, height, width] = Array.from(scales);
  if (scales.length !== 4 || batch !== 1 || channels !== 1 || height !== width || !(height! > 0)) {
    throw node.notUnderstood('its factors');
  }
  return height!;
}

function modeOf(node: NodeReader, coordinates: string, scale: number, isOld: boolean): ResizeMode {
  const isHalfPixel = coordinates === 'half_pixel' || coordinates === 'pytorch_half_pixel';
  switch (node.text('mode', 'nearest')) {
    case 'nearest': {
      const rounding = node.text('nearest_mode', isOld ? 'floor' : 'round_prefer_floor');
      const repeats = coordinates === 'asymmetric' && rounding === 'floor';
      // From the middle of the pixel, rounding to the nearest gives the same for whole factors.
      const alsoRepeats = isHalfPixel && rounding.startsWith('round_prefer') && Number.isInteger(scale);
      if (repeats || alsoRepeats) return 'nearest';
      break;
    }
    case 'linear':
      if (isHalfPixel) return 'linear';
      break;
    case 'cubic': {
      const coefficient = node.float('cubic_coeff_a', -0.75);
      if (isHalfPixel && coefficient === -0.75) return 'cubic';
      if (isHalfPixel && coefficient === -0.5) return 'catmull-rom';
      break;
    }
  }
  throw node.notUnderstood('its interpolation');
}
