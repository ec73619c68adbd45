/** Mean over the cells up to `reach` away on each side, as far as there are any. */
export function boxMean(values: Float32Array, columns: number, rows: number, reach: number): Float32Array {
  const across = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) slide(values, across, row * columns, 1, columns, reach);
  const mean = new Float32Array(values.length);
  for (let column = 0; column < columns; column++) slide(across, mean, column, columns, rows, reach);
  return mean;
}

function slide(
  from: Float32Array,
  to: Float32Array,
  start: number,
  stride: number,
  count: number,
  reach: number,
): void {
  for (let at = 0; at < count; at++) {
    const [first, last] = [Math.max(0, at - reach), Math.min(count - 1, at + reach)];
    let sum = 0;
    for (let near = first; near <= last; near++) sum += from[start + near * stride]!;
    to[start + at * stride] = sum / (last - first + 1);
  }
}

/** The least of each cell and its eight neighbours. */
export function leastAround(values: Float32Array, columns: number, rows: number): Float32Array {
  const across = values.map((value, cell) => {
    const x = cell % columns;
    return Math.min(value, x > 0 ? values[cell - 1]! : value, x < columns - 1 ? values[cell + 1]! : value);
  });
  return across.map((value, cell) =>
    Math.min(value, across[cell - columns] ?? value, cell < (rows - 1) * columns ? across[cell + columns]! : value),
  );
}
