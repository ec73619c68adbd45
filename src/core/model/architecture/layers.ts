import type { StateDict } from '../checkpoint/state-dict.ts';
import type { UnaryKind, Value } from '../graph/graph.ts';
import { GraphBuilder } from '../graph/graph-builder.ts';
import { tensor } from '../tensor.ts';

/** A graph under construction together with the weights it is made of: layers are appended by the name of their keys. */
export class Layers extends GraphBuilder {
  readonly #state: StateDict;

  constructor(state: StateDict) {
    super();
    this.#state = state;
  }

  /** The convolution `name.weight`, with `name.bias` if there is one. */
  named(input: Value, name: string): Value {
    return this.conv(input, this.#state.tensor(`${name}.weight`, 4), this.#state.optional(`${name}.bias`, 1), name);
  }

  unary(input: Value, kind: UnaryKind): Value {
    return this.append({ op: 'unary', kind, input }, kind);
  }

  multiply(left: Value, right: Value): Value {
    return this.append({ op: 'binary', kind: 'mul', left, right }, 'a product');
  }

  concat(inputs: readonly Value[], label: string): Value {
    return this.append({ op: 'concat', inputs }, label);
  }

  /** input * factor + offset; one number each, or one per channel. */
  affine(input: Value, factor: readonly number[], offset: readonly number[]): Value {
    const values = (numbers: readonly number[]) => tensor([numbers.length], Float32Array.from(numbers));
    return this.append({ op: 'affine', input, factor: values(factor), offset: values(offset) }, 'a shift of the range');
  }

  pixelShuffle(input: Value, factor: number): Value {
    return factor === 1 ? input : this.append({ op: 'pixel-shuffle', input, factor, order: 'crd' }, 'pixel shuffle');
  }

  pixelUnshuffle(input: Value, factor: number): Value {
    return factor === 1 ? input : this.append({ op: 'pixel-unshuffle', input, factor }, 'pixel unshuffle');
  }

  nearest(input: Value, scale: number): Value {
    return this.append({ op: 'resize', input, mode: 'nearest', scale }, 'enlargement');
  }
}
