import { greatestCommonDivisor } from '../../pixels/divisors.ts';

/**
 * How long each page shows in a format that counts whole units of time. What rounding takes from one page is given to
 * the next, so that the sum stays right to half a unit.
 * @param floor units below which no page comes that lasts longer than `floor - 1` units; where it bites, the sum grows.
 */
export function wholeDelays(
  delaysMs: readonly number[],
  { unitMs, most, floor = 0 }: { readonly unitMs: number; readonly most: number; readonly floor?: number },
): number[] {
  let owedMs = 0;
  return delaysMs.map((delayMs) => {
    const least = delayMs > (floor - 1) * unitMs ? floor : 0;
    const units = Math.min(most, Math.max(least, Math.round((delayMs + owedMs) / unitMs)));
    const left = delayMs + owedMs - units * unitMs;
    owedMs = Math.max(-unitMs / 2, Math.min(unitMs / 2, left));
    return units;
  });
}

export interface Fraction {
  readonly num: number;
  readonly den: number;
}

/**
 * The fraction of a second that a delay in milliseconds stands for, of two 16-bit numbers: exact for whole milliseconds
 * up to a minute and for the rates of films (1001/30000). By continued fractions.
 */
export function delayFraction(delayMs: number): Fraction {
  const seconds = Math.min(MOST, delayMs / 1000);
  let [before, current] = [
    { num: 0, den: 1 },
    { num: 1, den: 0 },
  ];
  for (let rest = seconds; ; ) {
    const whole = Math.floor(rest + 1e-9);
    const next: Fraction = { num: whole * current.num + before.num, den: whole * current.den + before.den };
    if (next.num > MOST || next.den > MOST) return current;
    [before, current] = [current, next];
    if (Math.abs(seconds - current.num / current.den) < 1e-9) return current;
    rest = 1 / (rest - whole);
  }
}

const MOST = 65_535;

/** Ticks of a second in which all delays are whole; null: in none that is short enough. */
export function commonTimescale(delaysMs: readonly number[]): number | null {
  let scale = 1;
  for (const { den } of delaysMs.map(delayFraction)) {
    scale = (scale / greatestCommonDivisor(scale, den)) * den;
    if (scale > LARGEST_TIMESCALE) return null;
  }
  return scale;
}

const LARGEST_TIMESCALE = 1_000_000;
