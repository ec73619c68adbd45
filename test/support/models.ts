import { loadModel, locateWeights, type Model, type WeightFiles } from '../../src/core/model/index.ts';
import { testCache } from './test-cache.ts';

/**
 * Real models for tests, by way of the catalogue, in one cache per machine: a tarball is fetched once, whoever asks
 * first, and other processes wait for it. Give `MODEL_TEST_TIMEOUT` to a test or hook that may be the first.
 */
export function testModel(id: string): Promise<Model> {
  return loadModel(id, { cacheFolder: testCache() });
}

/** The files of its weights, not yet read. */
export async function testWeights(id: string): Promise<WeightFiles> {
  return (await locateWeights(id, { cacheFolder: testCache() })).files;
}

/** What to add to the environment of a child process that shall find the same models. */
export function testModelEnv(): { UPREEL_CACHE: string } {
  return { UPREEL_CACHE: testCache() };
}

/** Milliseconds: the largest tarball has 196 MB. */
export const MODEL_TEST_TIMEOUT = 300_000;
