import type { UpreelError } from '../../errors.ts';
import type { Value } from '../graph/graph.ts';
import type { GraphBuilder } from '../graph/graph-builder.ts';
import { refused, unsupported } from '../import/refusal.ts';
import type { Tensor } from '../tensor.ts';
import type { NcnnLayer } from './param-file.ts';
import type { WeightReader } from './weight-reader.ts';

/** What a layer's translation works with: it reads its weights in order and returns one value per output. */
export interface LayerContext {
  readonly layer: NcnnLayer;
  /** Without the constant, where one of them is. */
  readonly inputs: readonly Value[];
  readonly constant: HeldConstant | null;
  readonly builder: GraphBuilder;
  readonly weights: WeightReader;
}

/** One number for each channel, from a MemoryData layer. */
export interface HeldConstant {
  readonly values: Tensor;
  readonly isFirst: boolean;
}

/** The layer's single input. */
export function only({ layer, inputs }: LayerContext): Value {
  const [input] = inputs;
  if (input === undefined || inputs.length !== 1) {
    throw refused(`layer ${layer.name} (${layer.type}) has ${inputs.length} inputs, not one.`);
  }
  return input;
}

/** A setting that counts something: a whole number of at least one. */
export function countSetting({ layer }: LayerContext, key: number, fallback: number): number {
  return within(layer, key, fallback, 1, 1 << 28);
}

/** A small count: kernels, strides, factors. */
export function smallCount({ layer }: LayerContext, key: number, fallback: number): number {
  return within(layer, key, fallback, 1, 64);
}

/** A setting that may be zero, such as padding. */
export function margin({ layer }: LayerContext, key: number, fallback: number): number {
  return within(layer, key, fallback, 0, 1024);
}

export function unsupportedSetting({ layer }: LayerContext, what: string): UpreelError {
  return unsupported(
    `Layer ${layer.name} of the ncnn network is a ${layer.type} with ${what}, which upreel does not know.`,
  );
}

function within(layer: NcnnLayer, key: number, fallback: number, low: number, high: number): number {
  const value = layer.settings.number(key, fallback);
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw refused(`layer ${layer.name} (${layer.type}) has ${key}=${value}, which makes no sense.`);
}
