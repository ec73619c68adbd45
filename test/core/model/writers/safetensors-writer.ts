import type { Weights } from '../../../support/reference-evaluator.ts';
import { encodeElements, type WrittenType } from './element-bytes.ts';

const NAMES: Record<WrittenType, string> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16', float64: 'F64' };

/** @param integers tensors of int64 beside the weights, or of uint8 where they say so */
export function writeSafetensors(
  weights: Weights,
  type: WrittenType = 'float32',
  integers: ReadonlyMap<
    string,
    { readonly shape: readonly number[]; readonly values: readonly number[]; readonly isBytes?: boolean }
  > = new Map(),
): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const data: Buffer[] = [];
  let position = 0;
  for (const [key, weight] of weights) {
    const bytes = Buffer.from(encodeElements(weight.data, type));
    header[key] = { dtype: NAMES[type], shape: weight.shape, data_offsets: [position, position + bytes.length] };
    position += bytes.length;
    data.push(bytes);
  }
  for (const [key, { shape, values, isBytes = false }] of integers) {
    const bytes = isBytes ? Buffer.from(values) : Buffer.from(BigInt64Array.from(values, BigInt).buffer);
    header[key] = { dtype: isBytes ? 'U8' : 'I64', shape, data_offsets: [position, position + bytes.length] };
    position += bytes.length;
    data.push(bytes);
  }
  return assembleSafetensors(JSON.stringify(header), Buffer.concat(data));
}

export function assembleSafetensors(header: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), data]);
}
