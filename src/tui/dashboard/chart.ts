import type { Look } from '../look.ts';
import { joinText, type SafeText, text } from '../safe-text.ts';

/**
 * A chart of so many rows, highest row first, one column a value; null leaves its column empty.
 * @param highest what fills a column; 0 stands at its foot
 */
export function drawChart(
  values: readonly (number | null)[],
  highest: number,
  rows: number,
  { symbols }: Look,
): readonly SafeText[] {
  const steps = symbols.chartSteps;
  return Array.from({ length: rows }, (_, index) => {
    const below = (rows - 1 - index) * steps.length;
    return joinText(
      values.map((value) => {
        if (value === null || highest === 0) return text` `;
        // What is there is seen, however low.
        const height = Math.max(1, Math.round(Math.min(1, value / highest) * rows * steps.length)) - below;
        if (height <= 0) return text` `;
        return steps[Math.min(steps.length, height) - 1]!;
      }),
    );
  });
}

/** The row, from 0 at the top, in which a column of this height ends. */
export function chartRow(value: number, highest: number, rows: number): number {
  return Math.min(rows - 1, rows - Math.ceil(Math.max(0, value / highest) * rows));
}
