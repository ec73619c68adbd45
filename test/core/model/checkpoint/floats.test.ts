import { getFloat16 } from '@petamoriken/float16';
import { expect, it } from 'vitest';
import { decodeFloat16 } from '../../../../src/core/model/checkpoint/floats.ts';

it('decodes every one of the 65,536 half-precision patterns', () => {
  const patterns = Uint16Array.from({ length: 65536 }, (_, index) => index);
  const view = new DataView(patterns.buffer);
  const decoded = decodeFloat16(new Uint8Array(patterns.buffer), 65536);
  const expected = Float32Array.from({ length: 65536 }, (_, index) => getFloat16(view, 2 * index, true));
  expect(decoded).toEqual(expected);
});
