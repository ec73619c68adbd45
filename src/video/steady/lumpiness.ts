/** Cells that are taken for calm, of all: those nearest to the noise that was measured. */
const CALM = 0.5;
/**
 * White noise drifts by 0.05 to 0.07 standard deviations in 5x5 cells; from the second on it is as lumpy as it gets.
 */
const DRIFT_LIMITS = [0.07, 0.47] as const;
/** A pan must not raise it at once. */
const RISE = 0.2;
const FALL = 0.5;

/**
 * Learns how lumpy the source's noise is, 0..1: by how much 5x5 cells drift together where it is calm. Grain of film
 * that was scanned, enlarged and coded is lumps of many pixels, whose means wander and look as if they were shifted;
 * noise of a sensor or a tape is hardly. So the bounds that white noise allows would take all of a real film for
 * motion.
 */
export class Lumpiness {
  #drift: number | null = null;

  get value(): number {
    const [from, to] = DRIFT_LIMITS;
    return Math.min(1, Math.max(0, ((this.#drift ?? 0) - from) / (to - from)));
  }

  /**
   * @param unlike mean squared difference in each 3x3 cells, in noise's variance
   * @param drift mean difference in each 5x5 cells less that of the wider surroundings, in noise's standard deviations
   * @param shifts what speaks for a shift
   */
  observe(unlike: Float32Array, drift: Float32Array, shifts: Float32Array): void {
    const cells = [...unlike.keys()].filter((cell) => unlike[cell]! > 0 && shifts[cell]! < 0.5);
    const calm = cells.sort((a, b) => unlike[a]! - unlike[b]!).slice(0, Math.ceil(CALM * unlike.length));
    if (calm.length === 0) return;
    const found = Math.sqrt(calm.reduce((sum, cell) => sum + drift[cell]! ** 2, 0) / calm.length);
    const before = this.#drift ?? found;
    this.#drift = before + (found < before ? FALL : RISE) * (found - before);
  }
}
