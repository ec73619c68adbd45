import type { StateDict } from '../checkpoint/state-dict.ts';
import { refused, unsupported } from '../import/refusal.ts';
import type { Pixels, Planes } from '../program/program-builder.ts';
import type { ProgramLayers } from '../program/program-layers.ts';
import { tensor } from '../tensor.ts';
import { axis } from './key-shapes.ts';

/**
 * How many pixels, either way, GRL's anchors `name.body` stand for, or undefined where only a table tells.
 * @throws UpreelError `model-unsupported` if they are made in no way that GRL has
 */
export function anchorSide(state: StateDict, name: string): number | undefined {
  const stages = countStages(state, name);
  if (stages === 0)
    throw unsupported(`The GRL network makes its anchors (${name}) in a way that upreel does not know.`);
  if (stages > 1) return 2 ** stages;
  const only = `${name}.body.0`;
  if (state.has(`${only}.reduction.bias`)) return undefined;
  if (state.has(`${only}.reduction.weight`)) return 2;
  return axis(state, state.has(`${only}.weight`) ? `${only}.weight` : `${only}.0.weight`, 2) - 1;
}

/** An anchor for each square of `side` pixels, with half the channels: GRL's `AnchorProjection`. */
export function makeAnchors(layers: ProgramLayers, pixels: Pixels, name: string, side: number): Pixels {
  const stages = countStages(layers, name);
  const made = pixels.channels / 2;
  let planes = layers.toPlanes(pixels);
  for (let stage = 0; stage < stages; stage++) {
    planes = shrunk(layers, planes, `${name}.body.${stage}`, { side: stages === 1 ? side : 2, made });
  }
  // Each block has its own, and the tables are the first one's.
  if (planes.density * side ** 2 !== pixels.density) {
    throw refused(`${name} makes anchors for other squares than of ${side} pixels.`);
  }
  return layers.toPixels(planes);
}

/** The mean of each square. */
export function averaged(layers: ProgramLayers, planes: Planes, side: number): Planes {
  const step = layers.step('AveragePool', [planes.step], { kernel_shape: [side, side], strides: [side, side] });
  return { ...planes, step, density: planes.density / side ** 2, extent: step };
}

interface Shrinking {
  readonly side: number;
  /** Channels. */
  readonly made: number;
}

function shrunk(layers: ProgramLayers, planes: Planes, name: string, { side, made }: Shrinking): Planes {
  if (layers.has(`${name}.reduction.bias`)) {
    const means = layers.toPixels(averaged(layers, planes, side));
    return layers.toPlanes(layers.linear(means, `${name}.reduction`, made));
  }
  if (layers.has(`${name}.reduction.weight`)) return merged(layers, planes, `${name}.reduction`, made);
  const kernel = side + 1;
  if (layers.has(`${name}.weight`)) return layers.conv(planes, name, { kernel, stride: side });
  const seen = layers.conv(planes, `${name}.0`, { groups: planes.channels, kernel, stride: side });
  return layers.conv(seen, `${name}.1`, { kernel: 1 });
}

/** A linear layer on squares of two, whose pixels come column by column: as one convolution. */
function merged(layers: ProgramLayers, planes: Planes, name: string, made: number): Planes {
  const { channels } = planes;
  const { data } = layers.weight(`${name}.weight`, [made, 4 * channels]);
  const kernels = new Float32Array(data.length);
  for (let out = 0; out < made; out++) {
    for (let pixel = 0; pixel < 4; pixel++) {
      const [x, y] = [pixel >> 1, pixel & 1];
      for (let channel = 0; channel < channels; channel++) {
        kernels[((out * channels + channel) * 2 + y) * 2 + x] = data[(out * 4 + pixel) * channels + channel]!;
      }
    }
  }
  const weight = tensor([made, channels, 2, 2], kernels);
  return layers.convolved(planes, weight, null, { stride: 2, padding: 'none' });
}

function countStages(weights: StateDict | ProgramLayers, name: string): number {
  let stages = 0;
  const kinds = ['weight', '0.weight', 'reduction.weight'];
  while (kinds.some((kind) => weights.has(`${name}.body.${stages}.${kind}`))) stages++;
  return stages;
}
