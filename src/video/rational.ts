import { greatestCommonDivisor } from '../core/pixels/divisors.ts';

/** A fraction as ffmpeg writes it: 30000/1001, 128:117. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

/** Reads "a/b" or "a:b"; null for anything without a value (0/0, N/A). */
export function parseRational(text: string | undefined): Rational | null {
  const match = /^(\d{1,15})[/:](\d{1,15})$/.exec(text ?? '');
  if (match === null) return null;
  const [num, den] = [Number(match[1]), Number(match[2])];
  return num > 0 && den > 0 ? { num, den } : null;
}

export function toSeconds(ticks: number, timeBase: Rational): number {
  return (ticks * timeBase.num) / timeBase.den;
}

/** The same in lowest terms: 25/2 for 999000/79920. */
export function reduced({ num, den }: Rational): Rational {
  const divisor = greatestCommonDivisor(num, den);
  return { num: num / divisor, den: den / divisor };
}
