import { defineConfig } from 'vitest/config';
import { filesOfOneProcess } from './test/support/one-process.ts';
import { SlowFirst } from './test/support/slow-first.ts';

const together = filesOfOneProcess();

export default defineConfig({
  test: {
    pool: 'forks',
    // Tests start engines, ffmpeg and onnxruntime sessions, and wait for them: two at once leave a fifth of two cores idle.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    setupFiles: ['test/support/own-state.ts'],
    globalSetup: ['test/support/build-once.ts'],
    sequence: { sequencer: SlowFirst },
    projects: [
      { extends: true, test: { name: 'apart', include: ['test/**/*.test.{ts,tsx}'], exclude: together } },
      { extends: true, test: { name: 'together', include: together, isolate: false } },
    ],
  },
});
