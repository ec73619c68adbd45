import { afterAll } from 'vitest';
import { removeTestState, testStateEnv } from './state.ts';
import { testCache } from './test-cache.ts';

/**
 * For every test file and all that it starts: no test lists its jobs where whoever runs it lists theirs, or leaves
 * anything in their cache.
 */
Object.assign(process.env, testStateEnv(), { UPREEL_CACHE: testCache() });
afterAll(removeTestState);
