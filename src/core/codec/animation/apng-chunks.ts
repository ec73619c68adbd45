import { crc32 } from 'node:zlib';
import type { Size } from '../../pixels/geometry.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { unsupportedVariant } from '../input-errors.ts';
import { damagedPicture } from '../libvips.ts';

/** One picture of an APNG: a part of the canvas, how it is laid on it, and what is left of it afterwards. */
export interface ApngFrame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly delayMs: number;
  readonly dispose: 'none' | 'background' | 'previous';
  readonly blend: 'source' | 'over';
  /** Where its compressed data lie. */
  readonly parts: readonly { readonly start: number; readonly end: number }[];
}

export interface Apng {
  readonly canvas: Size;
  /** 0 for ever. */
  readonly plays: number;
  readonly frames: readonly ApngFrame[];
  /** Content of IHDR. */
  readonly header: Buffer;
  /** PLTE and tRNS whole, which all frames share. */
  readonly palette: readonly Buffer[];
  /** Frames that the file announces and does not have. */
  readonly missing: number;
}

const SIGNATURE_BYTES = 8;
export const MAX_FRAMES = 10_000;
/** Many times what encoders write. */
const MAX_CHUNKS = 1_000_000;

/**
 * Lists the frames without their data in memory.
 * @see W3C PNG, third edition, section 11.3.6
 * @throws UpreelError `input-damaged`, `input-unsupported` for too many frames.
 */
export async function readApng(source: ByteSource, path: string): Promise<Apng> {
  let header: Buffer | null = null;
  let [plays, announced, expected] = [0, 0, 0];
  const palette: Buffer[] = [];
  const frames: (ApngFrame & { parts: { start: number; end: number }[] })[] = [];
  for await (const { type, start, end } of chunksOf(source, path)) {
    const content = CONTROL.has(type) ? await checkedChunk(source, { start, end }, path) : Buffer.alloc(0);
    if (type === 'IHDR' && content.length === 13) header = content;
    else if (header === null) throw damagedPicture(path);
    if ((type === 'PLTE' || type === 'tRNS') && frames.every(({ parts }) => parts.length === 0)) {
      palette.push(await source.read(start, end - start));
    }
    if (type === 'acTL' && content.length === 8)
      [announced, plays] = [content.readUInt32BE(0), content.readUInt32BE(4)];
    if (announced > MAX_FRAMES) {
      throw unsupportedVariant(path, `has ${announced} pages`, `upreel takes ${MAX_FRAMES} of an animation: split it.`);
    }
    if (type === 'fcTL') {
      checkOrder(content, expected++, path);
      if (frames.length < announced) frames.push(frameOf(content, header, path));
    }
    if (type === 'IDAT') frames[0]?.parts.push({ start: start + 8, end: end - 4 });
    if (type === 'fdAT') {
      checkOrder(await source.read(start + 8, 4), expected++, path);
      frames.at(-1)?.parts.push({ start: start + 12, end: end - 4 });
    }
  }
  if (header === null || frames.length === 0 || frames.some(({ parts }) => parts.length === 0))
    throw damagedPicture(path);
  const canvas = { width: header.readUInt32BE(0), height: header.readUInt32BE(4) };
  return { canvas, plays, frames, header, palette, missing: announced - frames.length };
}

const CONTROL: ReadonlySet<string> = new Set(['IHDR', 'acTL', 'fcTL', 'PLTE', 'tRNS']);

/** The chunks of a whole PNG. @throws UpreelError `input-damaged` if it ends before IEND */
async function* chunksOf(source: ByteSource, path: string) {
  let start = SIGNATURE_BYTES;
  for (let seen = 0; seen < MAX_CHUNKS; seen++) {
    const head = await source.read(start, 8);
    const end = head.length < 8 ? Number.POSITIVE_INFINITY : start + 12 + head.readUInt32BE(0);
    if (end > source.size) throw damagedPicture(path);
    const type = head.toString('latin1', 4, 8);
    if (type === 'IEND') return;
    yield { type, start, end };
    start = end;
  }
  throw damagedPicture(path);
}

/** @returns the content of a chunk, of which only short ones are asked for */
async function checkedChunk(
  source: ByteSource,
  { start, end }: { start: number; end: number },
  path: string,
): Promise<Buffer> {
  if (end - start > 4096) throw damagedPicture(path);
  const chunk = await source.read(start, end - start);
  const sum = chunk.readUInt32BE(chunk.length - 4);
  if (crc32(chunk.subarray(4, -4)) !== sum) throw damagedPicture(path);
  return chunk.subarray(8, -4);
}

function checkOrder(content: Buffer, expected: number, path: string): void {
  if (content.length < 4 || content.readUInt32BE(0) !== expected) throw damagedPicture(path);
}

function frameOf(content: Buffer, header: Buffer, path: string) {
  if (content.length < 26) throw damagedPicture(path);
  const [width, height, x, y] = [4, 8, 12, 16].map((at) => content.readUInt32BE(at)) as [
    number,
    number,
    number,
    number,
  ];
  const [dispose, blend] = [DISPOSE[content[24]!], BLEND[content[25]!]];
  const isInside = x + width <= header.readUInt32BE(0) && y + height <= header.readUInt32BE(4);
  if (width < 1 || height < 1 || !isInside || dispose === undefined || blend === undefined) throw damagedPicture(path);
  const delayMs = Math.round((1000 * content.readUInt16BE(20)) / (content.readUInt16BE(22) || 100));
  return { x, y, width, height, delayMs, dispose, blend, parts: [] };
}

const DISPOSE = ['none', 'background', 'previous'] as const;
const BLEND = ['source', 'over'] as const;

/** A frame as a PNG of its own. @throws UpreelError `input-damaged` where a check sum does not fit */
export async function framePng(source: ByteSource, apng: Apng, frame: ApngFrame, path: string): Promise<Buffer> {
  const header = Buffer.from(apng.header);
  header.writeUInt32BE(frame.width, 0);
  header.writeUInt32BE(frame.height, 4);
  const data: Buffer[] = [];
  for (const { start, end } of frame.parts) {
    const withSum = await source.read(start, end + 4 - start);
    // What comes before the data in an fdAT, the order of the chunks, is summed up, too.
    const isNumbered = (await source.read(start - 8, 4)).toString('latin1') === 'fdAT';
    const head = isNumbered ? await source.read(start - 8, 8) : Buffer.from('IDAT', 'latin1');
    if (crc32(Buffer.concat([head, withSum.subarray(0, -4)])) !== withSum.readUInt32BE(withSum.length - 4)) {
      throw damagedPicture(path);
    }
    data.push(withSum.subarray(0, -4));
  }
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const chunks = [
    chunk('IHDR', header),
    ...apng.palette,
    chunk('IDAT', Buffer.concat(data)),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([signature, ...chunks]);
}

function chunk(type: string, content: Buffer): Buffer {
  const bytes = Buffer.alloc(content.length + 12);
  bytes.writeUInt32BE(content.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
  return bytes;
}
