import type { Pixels, Planes } from './program-builder.ts';
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

/** Restormer's MLP of convolutions: of two halves seen in space, one weighs the other. */
export function gatedConvolutions(layers: ProgramLayers, input: Planes, name: string): Planes {
  const wide = layers.conv(input, `${name}.project_in`);
  const both = layers.conv(wide, `${name}.dwconv`, { groups: wide.channels });
  const half = both.channels / 2;
  const gate = layers.activate(layers.channels(both, 0, half), 'gelu');
  return layers.conv(layers.multiply(gate, layers.channels(both, half, both.channels)), `${name}.project_out`);
}
