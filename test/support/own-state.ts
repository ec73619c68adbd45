import { afterAll } from 'vitest';
import { removeTestState, testStateEnv } from './state.ts';

/** For every test file and all that it starts: no test lists its jobs where whoever runs it lists theirs. */
Object.assign(process.env, testStateEnv());
afterAll(removeTestState);
