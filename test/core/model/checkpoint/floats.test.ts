import { getFloat16, setFloat16 } from '@petamoriken/float16';
import { describe, expect, it } from 'vitest';
import { decodeFloat16, encodeFloat16 } from '../../../../src/core/model/checkpoint/floats.ts';

it('decodes every one of the 65,536 half-precision patterns', () => {
  const patterns = Uint16Array.from({ length: 65536 }, (_, index) => index);
  const view = new DataView(patterns.buffer);
  const decoded = decodeFloat16(new Uint8Array(patterns.buffer), 65536);
  const expected = Float32Array.from({ length: 65536 }, (_, index) => getFloat16(view, 2 * index, true));
  expect(decoded).toEqual(expected);
});

describe('encodeFloat16', () => {
  it('gives back each of the 65,536 patterns', () => {
    const patterns = Uint16Array.from({ length: 65536 }, (_, index) => index);
    const isNan = (half: number) => (half & 0x7fff) > 0x7c00;
    const encoded = new Uint16Array(encodeFloat16(decodeFloat16(new Uint8Array(patterns.buffer), 65536)).buffer);
    const wrong = patterns.filter((half) => (isNan(half) ? !isNan(encoded[half]!) : encoded[half] !== half));
    expect([...wrong]).toEqual([]);
  });

  it('rounds half to even at every step between two patterns', () => {
    const halves = decodeFloat16(new Uint8Array(Uint16Array.from({ length: 0x7c00 }, (_, i) => i).buffer), 0x7c00);
    const between = [...halves.slice(1)].flatMap((high, index) => {
      const middle = (halves[index]! + high) / 2;
      return [middle, middle * (1 - 2 ** -20), middle * (1 + 2 ** -20), -middle];
    });
    const values = Float32Array.from([...between, 65519, 65520, 1e30, -1e30, 1e-30, 2 ** -25, -0]);
    const view = new DataView(new ArrayBuffer(2));
    const expected = Uint16Array.from(values, (value) => {
      setFloat16(view, 0, value);
      return view.getUint16(0);
    });
    expect(new Uint16Array(encodeFloat16(values).buffer)).toEqual(expected);
  });
});
