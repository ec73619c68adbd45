import type { ForeignTensor } from './foreign-tensor.ts';

/** An ONNX file of others: what upreel needs of it, checked, nothing decoded. */
export interface ForeignModel {
  /** Version of the standard operators. */
  readonly opset: number;
  readonly input: ForeignPort;
  readonly output: ForeignPort;
  readonly constants: ReadonlyMap<string, ForeignTensor>;
  /** In order of evaluation: every input is the graph's, a constant, or made before. */
  readonly nodes: readonly ForeignNode[];
}

export interface ForeignPort {
  readonly name: string;
  /** TensorProto.DataType */
  readonly type: number;
  /** Four of them; null: free, or not told. */
  readonly dimensions: readonly (number | null)[];
}

export interface ForeignNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, ForeignAttribute>;
}

export interface ForeignAttribute {
  readonly value: ForeignValue;
  /** The message as it lies in the file. */
  readonly encoded: Uint8Array;
}

export type ForeignValue =
  | { readonly kind: 'integer'; readonly integer: number }
  | { readonly kind: 'float'; readonly float: number }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'integers'; readonly integers: readonly number[] }
  | { readonly kind: 'floats'; readonly floats: readonly number[] }
  | { readonly kind: 'tensor'; readonly tensor: ForeignTensor };
