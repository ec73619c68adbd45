/** The greatest common divisor of two whole numbers, by Euclid; of 0 and another the other. */
export function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
