// A SPAN of the published size (48 features, x4) with weights by chance: no registry has a trained one. What it takes
// is the same, and so is what its outputs say about who computes it right.
import { writeTensors } from '../support.mjs';

const FEATURES = 48;
const SCALE = 4;

export function writeMadeUpSpan(path) {
  const shapes = { no_norm: [1] };
  const layer = (name, out, channels, kernel = 3) => {
    shapes[`${name}.weight`] = [out, channels, kernel, kernel];
    shapes[`${name}.bias`] = [out];
  };
  layer('conv_1.eval_conv', FEATURES, 3);
  for (let block = 1; block <= 6; block++) {
    for (let part = 1; part <= 3; part++) layer(`block_${block}.c${part}_r.eval_conv`, FEATURES, FEATURES);
  }
  layer('conv_2.eval_conv', FEATURES, FEATURES);
  layer('conv_cat', FEATURES, 4 * FEATURES, 1);
  layer('upsampler.0', 3 * SCALE ** 2, FEATURES);

  const random = normal(7);
  writeTensors(path, shapes, (key, count) => {
    const shape = shapes[key];
    // Keeps values in range through the depth, and most of the result between black and white.
    const deviation = shape.length === 4 ? 0.6 / Math.sqrt(count / shape[0]) : 0.02;
    const mean = key === 'upsampler.0.bias' ? 0.5 : 0;
    return Float32Array.from({ length: count }, () => mean + deviation * random());
  });
}

/** Box and Muller (1958), from Marsaglia's xorshift of 32 bit. */
function normal(seed) {
  let state = seed;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
