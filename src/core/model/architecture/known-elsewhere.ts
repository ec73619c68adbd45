import type { StateDict } from '../checkpoint/state-dict.ts';

/**
 * Networks that people share as upscalers and upreel does not run, by keys that only they have: a refusal that names
 * the network is worth more than one that lists weights. First match wins, so descendants stand before ancestors.
 */
const SIGNATURES: readonly (readonly [name: string, key: RegExp])[] = [
  ['CodeFormer', /^quantize\.embedding\./],
  ['GFPGAN', /^stylegan_decoder\./],
  ['RestoreFormer', /^encoder\.conv_in\./],
  ['Restormer', /^encoder_level1\.0\.attn\./],
];

/** Name and deciding key of a network that is known but not supported. */
export function nameUnsupported(state: StateDict): { name: string; key: string } | undefined {
  for (const [name, pattern] of SIGNATURES) {
    const key = state.keys.find((candidate) => pattern.test(candidate));
    if (key !== undefined) return { name, key };
  }
  return undefined;
}
