import type { ByteSource } from '../bytes/byte-source.ts';
import type { FfmpegHeader } from '../definition/ffmpeg-kind.ts';
import { isOneOf } from '../definition/marks.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { damagedPicture } from '../libvips.ts';

/** Silicon Graphics' pictures, 8 and 16 bits. @see "The SGI Image File Format", version 1.0 */
export const sgi = {
  name: 'SGI',
  extensions: ['.sgi'],
  mark: (start, head) =>
    start.startsWith('\x01\xda') && isOneOf(head[2], 0, 1) && isOneOf(head[3], 1, 2) && head[4] === 0,
  read: { by: 'ffmpeg', demuxer: 'sgi_pipe', readHeader },
} satisfies StillFormat;

async function readHeader(source: ByteSource, path: string): Promise<FfmpegHeader> {
  const head = await source.read(0, 512);
  if (head.length < 512) throw damagedPicture(path);
  const [width, height, bands] = [head.readUInt16BE(6), head.readUInt16BE(8), head.readUInt16BE(10)];
  const bytes = head[2] === 1 ? await endOfRuns(source, height * bands) : 512 + width * height * bands * head[3]!;
  if (bytes > source.size) throw damagedPicture(path);
  return { size: { width, height }, warnings: [] };
}

/**
 * Where the last of the packed rows ends, of which all begin where a table says; the decoder fills up what is missing.
 */
async function endOfRuns(source: ByteSource, rows: number): Promise<number> {
  const tables = await source.read(512, 8 * rows);
  let end = 512 + 8 * rows;
  if (tables.length < 8 * rows) return end;
  for (let at = 0; at < 4 * rows; at += 4) {
    end = Math.max(end, tables.readUInt32BE(at) + tables.readUInt32BE(4 * rows + at));
  }
  return end;
}
