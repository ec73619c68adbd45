import type { Value } from '../graph/graph.ts';
import type { GraphBuilder } from '../graph/graph-builder.ts';
import type { ForeignNode } from './foreign-model.ts';
import type { ForeignTensor } from './foreign-tensor.ts';

/** Why a graph cannot be translated. It can still be run as it is; nothing outside learns of this. */
export class NotUnderstood extends Error {}

/** A name in an ONNX graph: computed from the picture, or known. */
export type Meaning =
  | { readonly kind: 'value'; readonly value: Value; readonly layout: 'nchw' | 'nhwc' }
  | { readonly kind: 'constant'; readonly tensor: ForeignTensor }
  | PartedPixels;

/**
 * A picture whose channels have been parted into `channels` with `factor` x `factor` samples each (six dimensions), on
 * the way to what PixelShuffle makes; `isTurned` once those samples lie beside the height and the width.
 */
export interface PartedPixels {
  readonly kind: 'parted';
  readonly value: Value;
  readonly channels: number;
  readonly factor: number;
  readonly isTurned: boolean;
}

/** Reads one node's inputs and settings for its translation. */
export class NodeReader {
  readonly builder: GraphBuilder;
  readonly opset: number;
  readonly #node: ForeignNode;
  readonly #meanings: ReadonlyMap<string, Meaning>;

  constructor(node: ForeignNode, meanings: ReadonlyMap<string, Meaning>, builder: GraphBuilder, opset: number) {
    this.#node = node;
    this.#meanings = meanings;
    this.builder = builder;
    this.opset = opset;
  }

  get inputs(): number {
    return this.#node.inputs.length;
  }

  /** undefined if the input is left out. */
  meaning(index: number): Meaning | undefined {
    return this.#meanings.get(this.#node.inputs[index] ?? '');
  }

  /** A picture in channels-first layout. */
  value(index: number): Value {
    const meaning = this.meaning(index);
    if (meaning?.kind !== 'value' || meaning.layout !== 'nchw') throw this.notUnderstood(`input ${index}`);
    return meaning.value;
  }

  constant(index: number): ForeignTensor {
    const meaning = this.meaning(index);
    if (meaning?.kind !== 'constant') throw this.notUnderstood(`input ${index} that is computed`);
    return meaning.tensor;
  }

  optionalConstant(index: number): ForeignTensor | undefined {
    return (this.#node.inputs[index] ?? '') === '' ? undefined : this.constant(index);
  }

  has(name: string): boolean {
    return this.#node.attributes.has(name);
  }

  integer(name: string, fallback: number): number {
    const value = this.#node.attributes.get(name)?.value;
    return value?.kind === 'integer' ? value.integer : fallback;
  }

  float(name: string, fallback: number): number {
    const value = this.#node.attributes.get(name)?.value;
    return value?.kind === 'float' ? value.float : fallback;
  }

  text(name: string, fallback: string): string {
    const value = this.#node.attributes.get(name)?.value;
    return value?.kind === 'text' ? value.text : fallback;
  }

  integers(name: string, fallback: readonly number[]): readonly number[] {
    const value = this.#node.attributes.get(name)?.value;
    return value?.kind === 'integers' ? value.integers : fallback;
  }

  floats(name: string): readonly number[] {
    const value = this.#node.attributes.get(name)?.value;
    return value?.kind === 'floats' ? value.floats : [];
  }

  tensor(name: string): ForeignTensor {
    const value = this.#node.attributes.get(name)?.value;
    if (value?.kind !== 'tensor') throw this.notUnderstood(name);
    return value.tensor;
  }

  /** Two settings of one kind, height first. */
  pair(name: string, fallback: number): [number, number] {
    const [height = fallback, width = fallback, more] = this.integers(name, []);
    if (more !== undefined || ![height, width].every((it) => Number.isInteger(it) && it >= 1 && it <= 64)) {
      throw this.notUnderstood(name);
    }
    return [height, width];
  }

  /** Margins that an attribute gives as top, left, bottom, right. */
  margins(): { top: number; left: number; bottom: number; right: number } {
    if (this.text('auto_pad', 'NOTSET') !== 'NOTSET') throw this.notUnderstood('automatic padding');
    const pads = this.integers('pads', [0, 0, 0, 0]);
    const [top = 0, left = 0, bottom = 0, right = 0] = pads;
    if (pads.length !== 4 || pads.some((it) => it < 0 || it > 1024)) throw this.notUnderstood('its padding');
    return { top, left, bottom, right };
  }

  notUnderstood(what: string): NotUnderstood {
    return new NotUnderstood(`${this.#node.operator}: ${what}`);
  }
}
