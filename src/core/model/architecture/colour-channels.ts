import { unsupported } from '../import/refusal.ts';

/** Luma, RGB, or RGB and opacity. */
export type ColourChannels = 1 | 3 | 4;

/** @throws UpreelError `model-unsupported` unless a network makes what it takes, and that is a picture */
export function checkColours(network: string, taken: number, made: number): ColourChannels {
  if (taken === made && (taken === 1 || taken === 3 || taken === 4)) return taken;
  throw unsupported(
    `The ${network} network takes ${taken} channels and makes ${made}; upreel runs those of RGB, of luma, and of RGB with opacity.`,
  );
}
