import type { ByteSource } from './byte-source.ts';

/** A box of an ISO media file (MP4, AVIF, JPEG 2000, JPEG XL). */
export interface Box {
  readonly type: string;
  /** Where its content lies; the last may say that it ends behind the file. */
  readonly start: number;
  readonly end: number;
}

/** The boxes of a range of a file, as many as are sane. @see ISO/IEC 14496-12, 4.2 */
export async function* boxesOf(source: ByteSource, start: number, end: number): AsyncGenerator<Box> {
  let at = start;
  for (let seen = 0; seen < MAX_BOXES && at + 8 <= end; seen++) {
    const head = await source.read(at, 16);
    if (head.length < 8) return;
    const short = head.readUInt32BE(0);
    const isLong = short === 1 && head.length === 16;
    const size = short === 0 ? end - at : isLong ? Number(head.readBigUInt64BE(8)) : short;
    const headBytes = isLong ? 16 : 8;
    if (size < headBytes || !Number.isSafeInteger(at + size)) return;
    yield { type: head.toString('latin1', 4, 8), start: at + headBytes, end: at + size };
    at += size;
  }
}

const MAX_BOXES = 100_000;

/** A box in memory, without its header. */
export interface HeldBox {
  readonly type: string;
  readonly body: Buffer;
}

/** Boxes one after the other, as far as they are whole or the last goes on. */
export function boxesIn(bytes: Buffer): HeldBox[] {
  const boxes: HeldBox[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    const end = size === 0 ? bytes.length : at + size;
    if (end < at + 8) break;
    boxes.push({ type: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + 8, end) });
    at = end;
  }
  return boxes;
}

/** Content of a box, null if it is longer than anybody writes or not all there. */
export async function readBox(source: ByteSource, { start, end }: Box, limit: number): Promise<Buffer | null> {
  if (end - start > limit) return null;
  const content = await source.read(start, end - start);
  return content.length === end - start ? content : null;
}
