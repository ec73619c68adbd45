import type { OutputFormat } from '../write/output-format.ts';
import { SHORTEST_GIF_MS } from './gif.ts';

interface Shown {
  readonly delaysMs: readonly number[];
  /** Whether some of the result is transparent. */
  readonly alpha: boolean;
}

/** What becomes of a picture by being a GIF, in sentences for people. */
export function animationWarnings(format: OutputFormat, { delaysMs, alpha }: Shown): string[] {
  if (format !== 'gif') return [];
  const warnings: string[] = [];
  if (alpha) warnings.push('GIF knows no half-transparent pixels: from half opacity on they are opaque.');
  const fast = delaysMs.filter((delayMs) => delayMs > SHORTEST_GIF_MS / 2 && delayMs < SHORTEST_GIF_MS).length;
  if (fast > 0) {
    warnings.push(
      `Browsers slow a GIF's pages of less than 20 ms down: ${fast} of ${delaysMs.length} last 20 ms instead.`,
    );
  }
  return warnings;
}
