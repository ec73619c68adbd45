import { expect, test } from 'vitest';
import { memoryNotice } from '../../../src/core/upscaler/memory-notice.ts';

const MANY_WEIGHTS = {
  cost: { openingBytes: 300e6, fixedBytes: 15e6, bytesPerPixel: 1300 },
  engineBytes: 110e6,
  sessions: 1,
  haloPx: 34,
  gridPx: 1,
};

test.each([
  ['nothing where it suffices', 510e6, null],
  ['what opening takes', 509.5e6, '509 MB are too little to open net, which takes about 510 MB for a moment.'],
  [
    'that it runs all the same',
    240e6,
    '240 MB are too little for net: it runs with the smallest tile, and takes more.',
  ],
])('of the memory that was asked for is said %s', (_, memoryBytes, notice) => {
  expect(memoryNotice('net', { ...MANY_WEIGHTS, memoryBytes }, 64)).toBe(notice);
});
