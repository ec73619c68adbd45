/** A Gaussian over feature vectors. */
export interface FeatureModel {
  readonly mean: readonly number[];
  /** Symmetric; row by row its lower half, the diagonal included. */
  readonly covariance: readonly (readonly number[])[];
}

/**
 * How far the Gaussian of a picture's blocks lies from a model (Mittal et al. 2013, equation 10). A block in which a
 * number could not be fitted takes part in the means of the others. One block has no covariance.
 * @param blocks the feature vectors, at least one
 * @returns null: a number could not be fitted in any block.
 */
export function distanceFrom(model: FeatureModel, blocks: readonly (readonly number[])[]): number | null {
  const mean = model.mean.map((_, at) => meanOf(blocks.map((block) => block[at]!).filter(Number.isFinite)));
  if (mean.some(Number.isNaN)) return null;
  const covariance = covarianceOf(
    blocks.filter((block) => block.every(Number.isFinite)),
    mean.length,
  );
  const both = model.covariance.map((row, y) => row.map((value, x) => (value + covariance[y]![x]!) / 2));
  const difference = model.mean.map((value, at) => value - mean[at]!);
  return Math.sqrt(squaredLength(both, difference));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of samples (divided by one less than there are), its lower half. */
function covarianceOf(vectors: readonly (readonly number[])[], size: number): number[][] {
  const means = Array.from({ length: size }, (_, at) => meanOf(vectors.map((vector) => vector[at]!)));
  const sum = (y: number, x: number): number =>
    vectors.reduce((total, vector) => total + (vector[y]! - means[y]!) * (vector[x]! - means[x]!), 0);
  return means.map((_, y) =>
    Array.from({ length: y + 1 }, (__, x) => (vectors.length < 2 ? 0 : sum(y, x) / (vectors.length - 1))),
  );
}

/**
 * v' M^-1 v by Cholesky's decomposition. The authors take the pseudo-inverse, which is the same here: half of a
 * positive definite matrix and half of a positive semidefinite one is positive definite.
 */
function squaredLength(matrix: readonly (readonly number[])[], vector: readonly number[]): number {
  const lower: number[][] = [];
  const solved: number[] = [];
  for (const [y, row] of matrix.entries()) {
    const made: number[] = [];
    for (const [x, value] of row.entries()) {
      const upTo = x === y ? made : lower[x]!;
      let rest = value;
      for (let k = 0; k < x; k++) rest -= made[k]! * upTo[k]!;
      made.push(x === y ? Math.sqrt(rest) : rest / lower[x]![x]!);
    }
    lower.push(made);
    let rest = vector[y]!;
    for (let k = 0; k < y; k++) rest -= made[k]! * solved[k]!;
    solved.push(rest / made[y]!);
  }
  return solved.reduce((sum, value) => sum + value * value, 0);
}
