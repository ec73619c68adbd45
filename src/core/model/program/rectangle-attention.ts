import { attend } from './attention.ts';
import { dynamicBias } from './position-bias.ts';
import type { Pixels, Planes, Tokens } from './program-builder.ts';
import type { ProgramLayers } from './program-layers.ts';
import { splitQkv } from './swin-attention.ts';
import { cutWindows, type Windows } from './windows.ts';

/** Upright windows for the first half of the channels, the same lying for the second (CAT, DAT, RGT). */
export interface RectangleWindows {
  readonly shape: readonly [height: number, width: number];
  /** The cut of each half; a cut is made when first asked for, once for all blocks. */
  of(isShifted: boolean): readonly [Windows, Windows];
}

/**
 * Sizes are filled up with zeros to multiples of the longer side.
 * @param isMasked whether what only a shift has brought together is kept apart
 */
export function openRectangleWindows(
  layers: ProgramLayers,
  planes: Planes,
  shape: readonly [number, number],
  isMasked = true,
): RectangleWindows {
  const size = layers.sizeOf(planes);
  const known = new Map<boolean, readonly [Windows, Windows]>();
  const cut = (height: number, width: number, isShifted: boolean): Windows => {
    const shift = isShifted ? ([height >> 1, width >> 1] as const) : ([0, 0] as const);
    const windows = cutWindows(layers, size, { height, width, shift }, Math.max(...shape));
    return isMasked ? windows : { ...windows, mask: null };
  };
  return {
    shape,
    of(isShifted) {
      const [height, width] = shape;
      const cuts = known.get(isShifted) ?? [cut(height, width, isShifted), cut(width, height, isShifted)];
      known.set(isShifted, cuts);
      return cuts;
    },
  };
}

/** In each group of blocks every fourth shifts its windows, in groups of odd number from the first on. */
export function isShiftedBlock(group: number, block: number): boolean {
  return block % 4 === (group % 2 === 0 ? 2 : 0);
}

/**
 * Attention of each half of the channels within its windows, with the positions `name.attns.0` and `name.attns.1`.
 * @param at `heads` are those of both halves together; `offsets` of each half's windows, where the network has its own
 */
export function rectangleAttention(
  layers: ProgramLayers,
  qkv: Pixels,
  name: string,
  at: {
    readonly heads: number;
    readonly windows: RectangleWindows;
    readonly isShifted: boolean;
    readonly offsets?: readonly [ArrayLike<number>, ArrayLike<number>];
  },
): Pixels {
  const { heads, windows, isShifted } = at;
  const parts = splitQkv(layers, qkv);
  const half = qkv.channels / 6;
  const [height, width] = windows.shape;
  const [upright, lying] = windows.of(isShifted);
  const attended = (cut: Windows, branch: 0 | 1, shape: readonly [number, number]): Pixels => {
    const [q, k, v] = parts.map((part) => cut.split(layers.channels(part, branch * half, (branch + 1) * half))) as [
      Tokens,
      Tokens,
      Tokens,
    ];
    const bias = dynamicBias(layers, `${name}.attns.${branch}.pos`, shape, at.offsets?.[branch]);
    return cut.join(attend(layers, q, k, v, { heads: heads / 2, tokens: cut.tokens, bias, mask: cut.mask }));
  };
  return layers.concat([attended(upright, 0, [height, width]), attended(lying, 1, [width, height])]);
}
