import type { ReadNetwork } from '../import/import-network.ts';
import { blendNetworks } from './blend-networks.ts';

/**
 * strength * network + (1 - strength) * twin: at 1 the network alone, at 0 its twin that keeps noise.
 * @throws UpreelError `model-unsupported` if the two are not twins
 */
export function denoised(network: ReadNetwork, twin: ReadNetwork, strength: number): ReadNetwork {
  const { recognition, ...blended } = blendNetworks(twin, network, strength, '');
  return { ...blended, recognition: { ...recognition, summary: `${recognition.summary}, denoise ${strength}` } };
}
