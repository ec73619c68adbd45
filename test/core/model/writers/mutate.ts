import { seededRandom } from './random-networks.ts';

/**
 * A damaged copy: a few bytes, numbers or pieces changed, or the end cut off. The same seed damages in the same way.
 */
export function mutate(bytes: Uint8Array, seed: number): Buffer {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(((random() + 1) / 2) * limit) % Math.max(limit, 1);
  let copy = Buffer.from(bytes);
  for (let round = 0; round <= below(3); round++) {
    const position = below(copy.length);
    switch (below(6)) {
      case 0:
        copy[position] = below(256);
        break;
      case 1:
        copy[position]! ^= 1 << below(8);
        break;
      case 2:
        copy = copy.subarray(0, position);
        break;
      case 3:
        if (position + 4 <= copy.length) copy.writeUInt32LE(EXTREMES[below(EXTREMES.length)]!, position);
        break;
      case 4: {
        const piece = copy.subarray(position, position + below(64));
        copy = Buffer.concat([copy.subarray(0, position), piece, copy.subarray(position)]);
        break;
      }
      default:
        copy = Buffer.concat([copy.subarray(0, position), copy.subarray(position + 1 + below(64))]);
    }
  }
  return copy;
}

const EXTREMES = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xffff, 0x10000, 0x3fffffff];
