import { defineConfig } from 'vitest/config';
import { SlowFirst } from './test/support/slow-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    pool: 'forks',
    // Tests start engines, ffmpeg and onnxruntime sessions: more files at once than cores only makes them time out.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    globalSetup: ['test/support/build-once.ts'],
    setupFiles: ['test/support/own-state.ts'],
    sequence: { sequencer: SlowFirst },
  },
});
