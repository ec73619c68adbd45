/** A box of an ISO media file: its length, its type and its content. @see ISO/IEC 14496-12, 4.2 */
export function makeBox(type: string, ...content: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 4, 'latin1');
  const box = Buffer.concat([head, ...content]);
  box.writeUInt32BE(box.length, 0);
  return box;
}

/** The bytes of numbers that a box holds one after the other, high bytes first. */
export function uints(...numbers: readonly (readonly [value: number, bytes: number])[]): Buffer {
  return Buffer.concat(
    numbers.map(([value, bytes]) => {
      const out = Buffer.alloc(bytes);
      if (bytes === 8) out.writeBigUInt64BE(BigInt(value));
      else if (bytes > 0) out.writeUIntBE(value, 0, bytes);
      return out;
    }),
  );
}
