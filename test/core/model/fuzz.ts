import { expect } from 'vitest';
import { UpreelError } from '../../../src/core/errors.ts';
import { DAMAGED_COPIES as MUTATIONS } from '../../support/thorough.ts';
import { mutate } from './writers/mutate.ts';

/** UPREEL_FUZZ=200000 for a night of it; UPREEL_FUZZ_SEED=N begins at another seed. */
const FIRST_SEED = Number(process.env.UPREEL_FUZZ_SEED ?? 0);

/**
 * For the largest of these numbers, on a machine that does much else: how long a copy may take is counted in processor
 * time below, and what never ends would not be stopped by this, as readers do not let go of the thread.
 */
export const FUZZ_TIMEOUT = 60_000 + 400 * MUTATIONS;

/** Of processors, which a busy machine has as few of as an idle one. The largest tables of real networks take 0.6 s. */
const MOST_MILLISECONDS = 2000;
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Feeds a reader with damaged copies of a sound file: each gives a result, or an UpreelError that says so, within two
 * seconds and 256 MB. Memory is the growth of the process's largest resident size (test files have processes of their
 * own), so what was taken and given back in between counts too.
 */
export function expectToSurvive(original: Uint8Array, read: (bytes: Uint8Array) => unknown): void {
  expectEachToSurvive(original, mutate, read, MUTATIONS);
}

/** As `expectToSurvive`, damaged in another way, and only so many times. */
export function expectEachToSurvive<T>(
  original: T,
  damage: (original: T, seed: number) => T,
  read: (damaged: T) => unknown,
  mutations: number,
): void {
  expect(() => read(original)).not.toThrow();
  let refusals = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + mutations; seed++) {
    const damaged = damage(original, seed);
    const peakBefore = process.resourceUsage().maxRSS;
    const start = process.cpuUsage();
    try {
      read(damaged);
    } catch (error) {
      if (!(error instanceof UpreelError) || !['model-refused', 'model-unsupported'].includes(error.code)) {
        throw new Error(`seed ${seed} gave ${String(error)}`, { cause: error });
      }
      refusals++;
    }
    const { user, system } = process.cpuUsage(start);
    const milliseconds = (user + system) / 1000;
    // maxRSS is in kilobytes.
    const bytes = (process.resourceUsage().maxRSS - peakBefore) * 1024;
    if (milliseconds > MOST_MILLISECONDS) throw new Error(`seed ${seed} took ${milliseconds} ms`);
    if (bytes > MOST_BYTES) throw new Error(`seed ${seed} took ${bytes} bytes`);
  }
  expect(refusals).toBeGreaterThan(mutations / 10);
}
