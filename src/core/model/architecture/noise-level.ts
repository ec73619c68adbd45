import { UpreelError } from '../../errors.ts';

/**
 * Standard deviation of the noise, where white is 1, for denoisers that are told it: the authors' default of 15 levels,
 * or a share of the strongest that the network was trained with.
 * @param strongest in levels of 255
 */
export function noiseLevel(denoise: number | undefined, strongest: number): number {
  return (denoise === undefined ? DEFAULT : denoise * strongest) / WHITE;
}

/** For people: "noise 15". */
export function summariseNoise(level: number): string {
  return `noise ${Number((level * WHITE).toFixed(1))}`;
}

/** @param network "the SwinIR network" */
export function cannotBeTold(network: string): UpreelError {
  return new UpreelError(
    'usage',
    `The denoise strength of ${network} cannot be set: it is not told how strong noise is.`,
    {
      hint: 'Leave --denoise out. DRUNet, FDnCNN and realesr-general-x4v3 take it.',
    },
  );
}

const DEFAULT = 15;
const WHITE = 255;
