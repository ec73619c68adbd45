import type { Pixels } from './program-builder.ts';
import type { ProgramLayers } from './program-layers.ts';

/** Two linear layers with a GELU between. */
export function mlp(layers: ProgramLayers, pixels: Pixels, name: string): Pixels {
  return layers.linear(layers.activate(layers.linear(pixels, `${name}.fc1`), 'gelu'), `${name}.fc2`);
}

/** An MLP that adds a depthwise convolution to its hidden channels. */
export function convolvedMlp(layers: ProgramLayers, pixels: Pixels, name: string): Pixels {
  const hidden = layers.activate(layers.linear(pixels, `${name}.fc1`), 'gelu');
  const options = { groups: hidden.channels };
  const seen = layers.conv(layers.toPlanes(hidden), `${name}.dwconv.depthwise_conv.0`, options);
  const sum = layers.add(hidden, layers.toPixels(layers.activate(seen, 'gelu')));
  return layers.linear(sum, `${name}.fc2`);
}

/** An MLP in which half of the hidden channels weighs the other after a convolution in space. */
export function gatedMlp(layers: ProgramLayers, input: Pixels, name: string): Pixels {
  const hidden = layers.activate(layers.linear(input, `${name}.fc1`), 'gelu');
  const half = hidden.channels / 2;
  const gate = layers.layerNorm(layers.channels(hidden, half, 2 * half), `${name}.sg.norm`);
  const seen = layers.conv(layers.toPlanes(gate), `${name}.sg.conv`, { groups: half });
  const gated = layers.multiply(layers.channels(hidden, 0, half), layers.toPixels(seen));
  return layers.linear(gated, `${name}.fc2`);
}
