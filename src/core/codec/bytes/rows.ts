import { damagedPicture } from '../libvips.ts';
import type { ByteSource } from './byte-source.ts';

/**
 * Hands on the rows of uncompressed pixels, in the order of the file, without the file in memory.
 * @throws UpreelError `input-damaged` if the file ends before the last of them.
 */
export async function readRows(
  source: ByteSource,
  { path, offset, rowBytes, rows }: { path: string; offset: number; rowBytes: number; rows: number },
  visit: (row: Buffer, index: number) => void,
): Promise<void> {
  if (offset + rowBytes * rows > source.size) throw damagedPicture(path);
  const atOnce = Math.max(1, Math.floor(READ_BYTES / rowBytes));
  for (let first = 0; first < rows; first += atOnce) {
    const count = Math.min(atOnce, rows - first);
    const bytes = await source.read(offset + first * rowBytes, count * rowBytes);
    if (bytes.length < count * rowBytes) throw damagedPicture(path);
    for (let row = 0; row < count; row++) visit(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), first + row);
  }
}

const READ_BYTES = 8 * 1024 * 1024;

/** What follows in a file whole: for compressed pixels. @throws UpreelError `input-damaged` */
export async function readRest(source: ByteSource, path: string, offset: number): Promise<Buffer> {
  // Beyond that no buffer is.
  if (offset > source.size || source.size - offset > MAX_BYTES) throw damagedPicture(path);
  const parts: Buffer[] = [];
  for (let at = offset; at < source.size; at += READ_BYTES) parts.push(await source.read(at, READ_BYTES));
  return Buffer.concat(parts);
}

const MAX_BYTES = 2 ** 31 - 1;
