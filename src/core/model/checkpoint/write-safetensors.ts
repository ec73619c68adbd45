import type { StateDict } from './state-dict.ts';

/** A .safetensors file of all weights, as float32. */
export function writeSafetensors(state: StateDict): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const pieces: Uint8Array[] = [];
  let position = 0;
  for (const key of state.keys) {
    const { shape, data } = state.tensor(key, state.shape(key)?.length ?? 0);
    header[key] = { dtype: 'F32', shape, data_offsets: [position, position + data.byteLength] };
    pieces.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    position += data.byteLength;
  }
  const text = JSON.stringify(header);
  // Padded with spaces so that the weights begin at a multiple of eight, as the format's own writer does.
  const json = Buffer.from(text + ' '.repeat(-Buffer.byteLength(text) & 7));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...pieces]);
}
