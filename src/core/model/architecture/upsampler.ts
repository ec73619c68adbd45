import type { StateDict } from '../checkpoint/state-dict.ts';
import { unsupported } from '../import/refusal.ts';
import { axis, countConsecutive } from './key-shapes.ts';

/**
 * Factors of the upsampler `name` that EDSR and its descendants share: for each a convolution `name.0`, `name.2`, ...
 * and a PixelShuffle behind it. @throws UpreelError
 */
export function upsamplerFactors(state: StateDict, name: string): number[] {
  const keyOf = (index: number) => `${name}.${2 * index}.weight`;
  const factors = Array.from({ length: countConsecutive(state, keyOf) }, (_, index) =>
    Math.sqrt(axis(state, keyOf(index), 0) / axis(state, keyOf(index), 1)),
  );
  if (factors.every(Number.isInteger)) return factors;
  throw unsupported(`The network enlarges by ${factors.join(' x ')} in ${name}, which is no whole scale.`);
}
