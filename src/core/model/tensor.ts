/** Weights of one layer: row-major, float32 whatever the checkpoint stored. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

export function tensor(shape: readonly number[], data: Float32Array<ArrayBuffer>): Tensor {
  return { shape, data };
}

/** Product of the dimensions; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
