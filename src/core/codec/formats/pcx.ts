import type { ByteSource } from '../bytes/byte-source.ts';
import { readRest } from '../bytes/rows.ts';
import type { FfmpegHeader } from '../definition/ffmpeg-kind.ts';
import { isOneOf } from '../definition/marks.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { damagedPicture } from '../libvips.ts';

/** PC Paintbrush. @see ZSoft PCX File Format Technical Reference Manual */
export const pcx = {
  name: 'PCX',
  extensions: ['.pcx'],
  mark: (_, head) =>
    head[0] === 0x0a && isOneOf(head[1], 0, 2, 3, 4, 5) && head[2] === 1 && isOneOf(head[3], 1, 2, 4, 8),
  read: { by: 'ffmpeg', demuxer: 'pcx_pipe', readHeader },
} satisfies StillFormat;

async function readHeader(source: ByteSource, path: string): Promise<FfmpegHeader> {
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
}

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
