import { deflateSync } from 'node:zlib';
import type { RgbPicture } from './resample.ts';

/**
 * A picture by kitty's graphics protocol (sw.kovidgoyal.net/kitty/graphics-protocol), at the cursor, over so many
 * cells, without moving the cursor and without an answer.
 */
export function paintKitty(
  { width, height, rgb }: RgbPicture,
  id: number,
  cells: { readonly columns: number; readonly rows: number },
): { readonly sequence: string; readonly remove: string } {
  const data = deflateSync(rgb, { level: 3 }).toString('base64');
  const head = `a=T,f=24,o=z,s=${width},v=${height},i=${id},p=1,c=${cells.columns},r=${cells.rows},C=1,q=2`;
  const parts: string[] = [];
  for (let at = 0; at < data.length; at += CHUNK) {
    const more = at + CHUNK < data.length ? 1 : 0;
    parts.push(
      `\x1b_G${at === 0 ? `${head},` : ''}m=${more}${at === 0 ? '' : ',q=2'};${data.slice(at, at + CHUNK)}\x1b\\`,
    );
  }
  return { sequence: parts.join(''), remove: `\x1b_Ga=d,d=I,i=${id},q=2\x1b\\` };
}

/** Characters of base64 in one sequence, by the protocol. */
const CHUNK = 4096;
