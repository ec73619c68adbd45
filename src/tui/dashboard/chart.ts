import type { Look } from '../look.ts';
import { joinText, type SafeText, text } from '../safe-text.ts';

/** A chart of so many rows, highest row first, one column a value; null leaves its column empty. */
export function drawChart(values: readonly (number | null)[], rows: number, { symbols }: Look): readonly SafeText[] {
  const known = values.filter((value) => value !== null);
  const highest = Math.max(0, ...known);
  const steps = symbols.chartSteps;
  return Array.from({ length: rows }, (_, index) => {
    const below = (rows - 1 - index) * steps.length;
    return joinText(
      values.map((value) => {
        if (value === null || highest === 0) return text` `;
        // What is there is seen, however low.
        const height = Math.max(1, Math.round((value / highest) * rows * steps.length)) - below;
        if (height <= 0) return text` `;
        return steps[Math.min(steps.length, height) - 1]!;
      }),
    );
  });
}
