import { open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { extname } from 'node:path';
import { UpreelError } from '../../../errors.ts';
import { bandsOf, type RowFile, type RowPicture } from '../../definition/row-picture.ts';

type Samples = Pick<RowPicture, 'channels' | 'alpha'>;

/** @throws UpreelError `usage` if the kind of PNM that a file's name asks for cannot hold such samples. */
export function checkPnmName(path: string, { channels, alpha }: Samples): void {
  const ending = extname(path).toLowerCase();
  if (alpha && (ending === '.ppm' || ending === '.pgm')) {
    throw new UpreelError('usage', `${ending} has no transparency, but the source has.`, {
      hint: 'Write .pam, or put a colour behind it: --flatten "#ffffff".',
    });
  }
  if (channels === 3 && ending === '.pgm') {
    throw new UpreelError('usage', '.pgm is gray, but the source has colours.', {
      hint: 'Write .ppm or .pnm.',
    });
  }
}

/** PGM, PPM or PAM with binary samples, of 16 bits with the high byte first. @see Netpbm's pgm(5), ppm(5) and pam(5) */
export async function createPnm(path: string, picture: RowPicture): Promise<RowFile> {
  const ending = extname(path).toLowerCase();
  const isPam = ending === '.pam' || picture.alpha;
  const file = await open(path, 'wx');
  await file.writeFile(isPam ? pamHead(picture) : pnmHead(picture, ending));
  const triples = picture.channels === 1 && ending === '.ppm';
  return {
    write: async (rows) => {
      const own = triples ? tripled(rows, picture.bytesPerSample) : Buffer.from(rows);
      if (picture.bytesPerSample === 2 && endianness() === 'LE') own.swap16();
      await file.writeFile(own);
    },
    finish: async () => {
      await file.close();
      return path;
    },
    discard: () => file.close(),
  };
}

function pnmHead({ width, height, channels, bytesPerSample, made }: RowPicture, ending: string): string {
  const mark = channels === 1 && ending !== '.ppm' ? 'P5' : 'P6';
  return `${mark}\n${comment(made)}${width} ${height}\n${levelsOf(bytesPerSample)}\n`;
}

function comment(made: string | null): string {
  return made === null ? '' : `# ${made}\n`;
}

function pamHead(picture: RowPicture): string {
  const { width, height, channels, alpha, bytesPerSample, made } = picture;
  const kind = `${channels === 1 ? 'GRAYSCALE' : 'RGB'}${alpha ? '_ALPHA' : ''}`;
  return [
    ...['P7', ...(made === null ? [] : [`# ${made}`])],
    `WIDTH ${width}`,
    `HEIGHT ${height}`,
    `DEPTH ${bandsOf(picture)}`,
    `MAXVAL ${levelsOf(bytesPerSample)}`,
    `TUPLTYPE ${kind}`,
    'ENDHDR\n',
  ].join('\n');
}

function levelsOf(bytesPerSample: 1 | 2): number {
  return bytesPerSample === 1 ? 255 : 65_535;
}

/** PPM has colours only: gray three times. */
function tripled(rows: Uint8Array, bytesPerSample: 1 | 2): Buffer {
  const out = Buffer.allocUnsafe(rows.length * 3);
  for (let from = 0, to = 0; from < rows.length; from += bytesPerSample) {
    for (let copy = 0; copy < 3; copy++) {
      for (let byte = 0; byte < bytesPerSample; byte++) out[to++] = rows[from + byte]!;
    }
  }
  return out;
}
