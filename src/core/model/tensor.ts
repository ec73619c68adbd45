/** Weights of one layer: row-major, float32 whatever the checkpoint stored. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** Whole numbers beside the weights, int64 in ONNX. */
export interface IndexTensor {
  readonly shape: readonly number[];
  readonly indices: Int32Array<ArrayBuffer>;
}

export function tensor(shape: readonly number[], data: Float32Array<ArrayBuffer>): Tensor {
  return { shape, data };
}

/** Product of the dimensions; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'data' in value && value.data instanceof Float32Array;
}

export function isIndexTensor(value: unknown): value is IndexTensor {
  return typeof value === 'object' && value !== null && 'indices' in value && value.indices instanceof Int32Array;
}
