import type { StateDict } from '../checkpoint/state-dict.ts';
import { unsupported } from '../import/refusal.ts';
import { rectangleOf } from '../program/position-bias.ts';
import type { Program } from '../program/program.ts';
import type { Pixels } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { isShiftedBlock, openRectangleWindows, type RectangleWindows } from '../program/rectangle-attention.ts';
import {
  buildFrame,
  connection,
  type FramePlan,
  ignoreBuffers,
  planFrame,
  summariseFrame,
} from '../program/restoration-frame.ts';
import { axis, countConsecutive } from './key-shapes.ts';

/**
 * What DAT and RGT have in common: SwinIR's frame around groups of blocks, of which every other has rectangular
 * windows.
 */
export interface RectanglePlan {
  readonly frame: FramePlan;
  readonly groups: readonly { readonly blocks: number; readonly heads: number }[];
  /** Height and width of the windows of the first half of the channels; the second has them turned. */
  readonly window: readonly [number, number];
}

export interface RectangleBlock {
  readonly heads: number;
  /** Whether its attention is that of windows. */
  readonly isLocal: boolean;
  readonly isShifted: boolean;
  readonly windows: RectangleWindows;
}

/** @throws UpreelError `model-unsupported`, `model-refused` */
export function planRectangles(state: StateDict, title: string): RectanglePlan {
  const window = rectangleOf(state, 'layers.0.blocks.0.attn.attns.0');
  if (Math.max(...window) % Math.min(...window) !== 0) {
    throw unsupported(
      `The ${title} network has windows of ${window.join('x')} pixels, of which neither side divides the other.`,
    );
  }
  const count = countConsecutive(state, (group) => `layers.${group}.blocks.0.norm1.weight`);
  const groups = Array.from({ length: count }, (_, group) => ({
    blocks: countConsecutive(state, (block) => `layers.${group}.blocks.${block}.norm1.weight`),
    heads: 2 * axis(state, `layers.${group}.blocks.0.attn.attns.0.pos.pos3.2.weight`, 0),
  }));
  return { frame: planFrame(state, title), groups, window };
}

export function summariseRectangles({ frame, groups, window }: RectanglePlan): string {
  const blocks = groups.map((group) => group.blocks).join('+');
  return [...summariseFrame(frame), `${blocks} blocks`, `windows ${window.join('x')}`].join(', ');
}

/**
 * @param block from the name of its keys
 * @param least side of the picture that the blocks can do with
 */
export function buildRectangles(
  state: StateDict,
  { frame, groups, window }: RectanglePlan,
  block: (layers: ProgramLayers, value: Pixels, name: string, at: RectangleBlock) => Pixels,
  least = 1,
): Program {
  ignoreBuffers(state);
  const layers = new ProgramLayers(state);
  return buildFrame(layers, frame, { multiple: 1, least, window: Math.max(...window, least) }, (first) => {
    const windows = openRectangleWindows(layers, first, window);
    let value = layers.layerNorm(layers.toPixels(first), 'before_RG.1');
    groups.forEach(({ blocks, heads }, group) => {
      const before = value;
      for (let number = 0; number < blocks; number++) {
        const at = { heads, windows, isLocal: number % 2 === 0, isShifted: isShiftedBlock(group, number) };
        value = block(layers, value, `layers.${group}.blocks.${number}`, at);
      }
      const made = connection(layers, layers.toPlanes(value), `layers.${group}.conv`);
      value = layers.add(before, layers.toPixels(made));
    });
    return layers.toPlanes(layers.layerNorm(value, 'norm'));
  });
}
