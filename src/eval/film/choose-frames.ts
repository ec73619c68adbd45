import type { Size } from '../../core/pixels/geometry.ts';

export interface ChosenFrame {
  /** From 0. */
  readonly number: number;
  /** From 1, the frame that is farthest off; null: one of those that show the whole film. */
  readonly rank: number | null;
}

/** How many frames a page shows of films of a size, so that it can be sent. */
export function framesShown({ width, height }: Size): number {
  return Math.max(4, Math.min(12, Math.round(24e6 / (width * height))));
}

/**
 * The worst frames first, each some way from the others, then some that are spread over the film, in its order.
 * @param psnr of each frame; null: equal
 */
export function chooseFrames(psnr: readonly (number | null)[], count: number): readonly ChosenFrame[] {
  const apart = Math.max(1, Math.floor(psnr.length / (4 * count)));
  const worst: number[] = [];
  const byWorth = psnr
    .map((value, number) => ({ value, number }))
    .filter((one): one is { value: number; number: number } => one.value !== null)
    .sort((a, b) => a.value - b.value || a.number - b.number);
  for (const { number } of byWorth) {
    if (worst.length >= count / 2) break;
    if (worst.every((other) => Math.abs(other - number) >= apart)) worst.push(number);
  }
  const left = count - worst.length;
  const spread = Array.from({ length: left }, (_, index) => Math.floor(((index + 0.5) * psnr.length) / left));
  const others = [...new Set(spread)].filter((number) => !worst.includes(number));
  return [
    ...worst.map((number, index) => ({ number, rank: index + 1 })),
    ...others.map((number) => ({ number, rank: null })),
  ];
}
