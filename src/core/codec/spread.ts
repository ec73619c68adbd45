/** All levels of samples from 0 to `max`, spread over 0..`top`, each rounded to the nearest: white becomes white. */
export function spreadTable(max: number, top: 255 | 65_535): Uint16Array {
  return Uint16Array.from({ length: max + 1 }, (_, value) => Math.round((value * top) / max));
}
