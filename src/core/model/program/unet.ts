import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Planes } from './program-builder.ts';
import type { ProgramLayers } from './program-layers.ts';

/**
 * DRUNet's shape (Zhang et al. 2021), which SCUNet and FBCNN share: three halvings, and sums with what was before each.
 */
export interface UnetBlocks {
  /** Of each of `m_down1` to `m_down3` and `m_up3` to `m_up1`. */
  readonly counts: Readonly<Record<UnetStage, number>>;
  /** One block, from the name of its keys. @param index of the block within its stage @param stage whose it is */
  block(planes: Planes, name: string, index: number, stage: UnetStage): Planes;
  /** At an eighth of the size. */
  body(planes: Planes): Planes;
}

const DOWN = ['m_down1', 'm_down2', 'm_down3'] as const;
const UP = ['m_up3', 'm_up2', 'm_up1'] as const;
export type UnetStage = (typeof DOWN)[number] | (typeof UP)[number];

/** Sides must be multiples of it. */
export const UNET_MULTIPLE = 8;

export function unet(layers: ProgramLayers, first: Planes, { counts, block, body }: UnetBlocks): Planes {
  const before = [first];
  let value = first;
  for (const stage of DOWN) {
    for (let index = 0; index < counts[stage]; index++) value = block(value, `${stage}.${index}`, index, stage);
    value = layers.conv(value, `${stage}.${counts[stage]}`, { kernel: 2, stride: 2, padding: 'none' });
    before.push(value);
  }
  value = body(value);
  UP.forEach((stage, at) => {
    value = layers.deconv(layers.add(value, before[UP.length - at]!), `${stage}.0`, { kernel: 2, stride: 2 });
    for (let index = 0; index < counts[stage]; index++) value = block(value, `${stage}.${index + 1}`, index, stage);
  });
  return layers.add(value, first);
}

/** How many blocks each stage has, by a weight that every block has: `part`. */
export function countUnetBlocks(state: StateDict, part: string): UnetBlocks['counts'] {
  const count = (stage: UnetStage, first: number) => {
    let number = 0;
    while (state.has(`${stage}.${first + number}.${part}`)) number++;
    return number;
  };
  return {
    m_down1: count('m_down1', 0),
    m_down2: count('m_down2', 0),
    m_down3: count('m_down3', 0),
    m_up3: count('m_up3', 1),
    m_up2: count('m_up2', 1),
    m_up1: count('m_up1', 1),
  };
}

/** For people. */
export function summariseUnet(counts: UnetBlocks['counts'], body: number): string {
  const before = DOWN.map((stage) => counts[stage]);
  const behind = UP.map((stage) => counts[stage]);
  return `${[...before, body, ...behind].join('+')} blocks`;
}

/** Two convolutions with a ReLU between, without the sum. */
export function unetConvolutions(layers: ProgramLayers, planes: Planes, name: string): Planes {
  const first = layers.activate(layers.conv(planes, `${name}.res.0`), 'relu');
  return layers.conv(first, `${name}.res.2`);
}

export function unetResidual(layers: ProgramLayers, planes: Planes, name: string): Planes {
  return layers.add(planes, unetConvolutions(layers, planes, name));
}
