import type { ByteSource } from '../bytes/byte-source.ts';
import { NO_PLACES } from '../definition/metadata-places.ts';
import { readByUpreel } from '../definition/plain-kind.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { pnmReader } from './pnm/read-pnm.ts';
import { checkPnmName, createPnm } from './pnm/write-pnm.ts';

/** @see https://netpbm.sourceforge.net/doc/ */
export const pnm = {
  name: 'PNM',
  extensions: ['.pnm', '.pbm', '.pgm', '.ppm', '.pam', '.pfm'],
  mark: (start) => /^(P[1-6fF]\s+[#\d]|P7\s)/.test(start),
  read: readByUpreel(pnmReader),
  readMade: readComment,
  write: {
    endings: ['.ppm', '.pgm', '.pnm', '.pam'],
    abilities: {
      maxSidePx: 2_147_483_647,
      maxMegapixels: Number.POSITIVE_INFINITY,
      alpha: true,
      sixteenBit: true,
      pages: 'one',
      lossless: 'always',
      defaultQuality: 100,
    },
    places: NO_PLACES,
    still: { by: 'rows', create: createPnm },
    checkName: checkPnmName,
  },
} satisfies StillFormat;

/** The line behind its mark. */
async function readComment(source: ByteSource): Promise<string | null> {
  const head = await source.read(0, HEAD_BYTES);
  const end = head.indexOf(0x0a, 3);
  return head.toString('latin1', 2, 5) === '\n# ' && end > 0 ? head.toString('utf8', 5, end) : null;
}

const HEAD_BYTES = 64 * 1024;
