import { readRest } from '../bytes/rows.ts';
import type { FfmpegKind } from '../definition/ffmpeg-kind.ts';
import { damagedPicture } from '../libvips.ts';

/** PC Paintbrush. @see ZSoft PCX File Format Technical Reference Manual */
export const pcx: FfmpegKind = {
  name: 'PCX',
  demuxer: 'pcx_pipe',
  async readHeader(source, path) {
    const head = await source.read(0, 128);
    if (head.length < 128) throw damagedPicture(path);
    const [left, top, right, bottom] = [4, 6, 8, 10].map((at) => head.readUInt16LE(at)) as [
      number,
      number,
      number,
      number,
    ];
    if (right < left || bottom < top) throw damagedPicture(path);
    const packed = await readRest(source, path, 128);
    // The decoder fills up what is missing.
    if (unpackedBytes(packed) < head[65]! * head.readUInt16LE(66) * (bottom - top + 1)) throw damagedPicture(path);
    return {
      size: { width: right - left + 1, height: bottom - top + 1 },
      warnings: [],
    };
  },
};

/** Bytes that runs stand for: one with both upper bits set says how often the next comes. */
function unpackedBytes(packed: Buffer): number {
  let bytes = 0;
  for (let at = 0; at < packed.length; at++) {
    const isRun = packed[at]! >= 0xc0;
    if (isRun && at + 1 === packed.length) break;
    bytes += isRun ? packed[at++]! & 63 : 1;
  }
  return bytes;
}
