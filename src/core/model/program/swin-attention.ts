import type { StateDict } from '../checkpoint/state-dict.ts';
import { attend, relativeBias } from './attention.ts';
import { mlp } from './mlp.ts';
import { relativeIndex } from './pair-index.ts';
import { checkedWindow } from './position-bias.ts';
import type { StepIndex } from './program.ts';
import type { Pixels, Planes, Rows } from './program-builder.ts';
import type { ProgramLayers } from './program-layers.ts';
import { cutWindows, type Windows } from './windows.ts';

/** Swin's square windows, which every other block shifts by half their side; each cut is made once for all blocks. */
export interface SwinWindows {
  readonly side: number;
  of(isShifted: boolean): Windows;
  /** The trained bias `name.relative_position_bias_table`, [heads, tokens, keys]. */
  bias(name: string, heads: number): StepIndex;
}

/**
 * @param planes of a size that is a multiple of `side`
 * @param placesPerKey see `WindowShape`; `side` must be a multiple of it
 */
export function openSwinWindows(layers: ProgramLayers, planes: Planes, side: number, placesPerKey = 1): SwinWindows {
  const size = layers.sizeOf(planes);
  const known = new Map<boolean, Windows>();
  const keySide = side / placesPerKey;
  const index = relativeIndex(keySide, keySide, placesPerKey);
  return {
    side,
    of(isShifted) {
      const by = isShifted ? side >> 1 : 0;
      const shape = { height: side, width: side, shift: [by, by], placesPerKey } as const;
      const windows = known.get(isShifted) ?? cutWindows(layers, size, shape, null);
      known.set(isShifted, windows);
      return windows;
    },
    bias(name, heads) {
      const table = layers.weight(`${name}.relative_position_bias_table`, [(2 * keySide - 1) ** 2, heads]);
      return relativeBias(layers, table, index, { heads, tokens: side ** 2, keys: keySide ** 2 });
    },
  };
}

/** Attention within windows, with its layers `name.qkv` and `name.proj`. */
export function swinAttention(
  layers: ProgramLayers,
  pixels: Pixels,
  name: string,
  { heads, windows, isShifted }: { heads: number; windows: SwinWindows; isShifted: boolean },
): Pixels {
  const cut = windows.of(isShifted);
  const [q, k, v] = splitQkv(layers, layers.linear(cut.split(pixels), `${name}.qkv`));
  const shape = { heads, tokens: cut.tokens, bias: windows.bias(name, heads), mask: cut.mask };
  return cut.join(layers.linear(attend(layers, q, k, v, shape), `${name}.proj`));
}

/** A block of Swin: attention and an MLP, each with a norm before it and a residual around. */
export function swinBlock(
  layers: ProgramLayers,
  value: Pixels,
  name: string,
  at: { heads: number; windows: SwinWindows; isShifted: boolean },
): Pixels {
  const attended = swinAttention(layers, layers.layerNorm(value, `${name}.norm1`), `${name}.attn`, at);
  const sum = layers.add(value, attended);
  return layers.add(sum, mlp(layers, layers.layerNorm(sum, `${name}.norm2`), `${name}.mlp`));
}

export function splitQkv<T extends Rows>(layers: ProgramLayers, qkv: T): [T, T, T] {
  const third = qkv.channels / 3;
  const part = (index: number) => layers.channels(qkv, index * third, (index + 1) * third);
  return [part(0), part(1), part(2)];
}

/** Side and heads of the windows, from a table of biases. @throws UpreelError `model-refused` */
export function swinTable(state: StateDict, name: string): { side: number; heads: number } {
  const [offsets = 0, heads = 0] = state.shape(`${name}.relative_position_bias_table`) ?? [];
  return { side: tableSide(offsets, name), heads };
}

/** The side of square windows whose places have so many offsets between them. @throws UpreelError `model-refused` */
export function tableSide(offsets: number, name: string): number {
  return checkedWindow((Math.sqrt(offsets) + 1) / 2, name);
}
