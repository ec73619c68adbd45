import { setFloat16 } from '@petamoriken/float16';
import type { Weight, Weights } from '../../../support/reference-evaluator.ts';

export type WrittenType = 'float32' | 'float16' | 'bfloat16' | 'float64';

export function encodeElements(data: Float32Array, type: WrittenType): Uint8Array {
  const size = { float32: 4, float16: 2, bfloat16: 2, float64: 8 }[type];
  const view = new DataView(new ArrayBuffer(data.length * size));
  data.forEach((value, index) => {
    if (type === 'float32') view.setFloat32(4 * index, value, true);
    else if (type === 'float64') view.setFloat64(8 * index, value, true);
    else if (type === 'float16') setFloat16(view, 2 * index, value, true);
    else view.setUint16(2 * index, bfloat16Bits(value), true);
  });
  return new Uint8Array(view.buffer);
}

/** The weights as they are after a trip through a narrower type. */
export function rounded(weights: Weights, type: WrittenType): Weights {
  return new Map([...weights].map(([key, weight]) => [key, roundedWeight(weight, type)]));
}

function roundedWeight(weight: Weight, type: WrittenType): Weight {
  const scratch = new DataView(new ArrayBuffer(4));
  return {
    shape: weight.shape,
    data: weight.data.map((value) => {
      if (type === 'bfloat16') {
        scratch.setUint32(0, bfloat16Bits(value) << 16);
        return scratch.getFloat32(0);
      }
      return type === 'float16' ? Math.fround(halfOf(value)) : value;
    }),
  };
}

/** Nearest half-precision value, by arithmetic: eleven significant bits, exponent at least -14. */
function halfOf(value: number): number {
  if (value === 0) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), -14);
  const step = 2 ** (exponent - 10);
  const low = Math.floor(value / step);
  const rest = value / step - low;
  const up = rest > 0.5 || (rest === 0.5 && low % 2 !== 0);
  return (low + (up ? 1 : 0)) * step;
}

function bfloat16Bits(value: number): number {
  const scratch = new DataView(new ArrayBuffer(4));
  scratch.setFloat32(0, value);
  return scratch.getUint16(0);
}
