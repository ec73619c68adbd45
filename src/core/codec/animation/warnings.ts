import type { OutputFormat } from '../output-format.ts';
import { gifDelays } from './gif.ts';

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
  const slowed = gifDelays(delaysMs).filter((units, page) => units * 10 - delaysMs[page]! > 10 / 2).length;
  if (slowed > 0) {
    warnings.push(
      `GIF shows no page for less than 20 ms: ${slowed} of ${delaysMs.length} pages last longer than before.`,
    );
  }
  return warnings;
}
