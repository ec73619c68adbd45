import type { Rect } from '../../pixels/geometry.ts';
import { pixelPipeline } from '../raw-pixels.ts';
import { wholeDelays } from './delays.ts';
import { coloursIn, type GifFrame, GifFrames, gifPageOf, MOST_COLOURS } from './gif-frames.ts';
import { PageQueue } from './page-queue.ts';
import { type AnimationPlan, type AnimationWriter, GrowingFile } from './writer.ts';

/**
 * A GIF, animated or not: each page with a palette of its own, chosen by libimagequant from what is drawn anew.
 * @see GIF89a specification, CompuServe 1990
 */
export async function startGif(plan: AnimationPlan): Promise<AnimationWriter> {
  const { size, samples } = plan;
  const delays = wholeDelays(plan.delaysMs, { unitMs: UNIT_MS, most: 0xffff, floor: SHORTEST_GIF_MS / UNIT_MS });
  const frames = new GifFrames(size);
  const file = await GrowingFile.create(await plan.newFile('gif'));
  const queue = new PageQueue<GifParts & GifFrame>(size, write);

  async function begin(): Promise<void> {
    const header = Buffer.from('GIF89a\0\0\0\0\x70\0\0', 'latin1');
    header.writeUInt16LE(size.width, 6);
    header.writeUInt16LE(size.height, 8);
    await file.append(header);
    // A file without the extension runs once; it counts the times after the first.
    if (plan.pages > 1 && plan.loop !== 1) {
      const repeats = plan.loop === 0 ? 0 : Math.min(0xffff, plan.loop - 1);
      await file.append(applicationBlock('NETSCAPE2.0', [Buffer.from([1, repeats & 0xff, repeats >> 8])]));
    }
    const { icc, xmp } = plan.metadata;
    if (icc !== null) await file.append(applicationBlock('ICCRGBG1012', blocksOf(icc)));
    if (xmp !== null) await file.append(xmpBlock(xmp));
  }

  async function write(frame: GifParts & GifFrame, page: number): Promise<void> {
    if (page === 0) await begin();
    const { rect, table, image } = frame;
    await file.append(controlBlock(frame, delays[page] ?? 0), imageDescriptor(rect, table), table, image);
  }

  async function encode(frame: GifFrame | null): Promise<void> {
    if (frame !== null) await queue.add(encodeFrame(frame, plan));
  }

  return {
    add: async (data) => await encode(frames.add(gifPageOf(data, samples))),
    async finish() {
      await encode(frames.finish());
      await queue.finish();
      await file.append(Buffer.of(0x3b));
      await file.close();
      return file.path;
    },
    stop: () => file.close(),
  };
}

const UNIT_MS = 10;
/** Browsers show what has one unit or none for a tenth of a second: a page that lasts longer never gets so little. */
export const SHORTEST_GIF_MS = 2 * UNIT_MS;

async function encodeFrame(frame: GifFrame, { effort }: AnimationPlan): Promise<GifParts & GifFrame> {
  const gif = await pixelPipeline(new Uint8Array(frame.pixels.buffer), frame.rect, { bands: 4, bytesPerSample: 1 })
    .gif({ effort: coloursIn(frame.pixels) > MOST_COLOURS ? GIF_EFFORT[effort] : EXACT_EFFORT, dither: DITHER })
    .toBuffer();
  return { ...frame, ...readGif(gif) };
}

const GIF_EFFORT = { fast: 3, balanced: 7, best: 10 } as const;
/** Below it, libimagequant rounds even the colours that a palette holds. */
const EXACT_EFFORT = 7;
const DITHER = 1;

function controlBlock({ disposal, transparent }: GifParts & GifFrame, delay: number): Buffer {
  const control = Buffer.from([0x21, 0xf9, 4, 0, 0, 0, transparent ?? 0, 0]);
  control.writeUInt8(((disposal === 'clear' ? 2 : 1) << 2) | (transparent === null ? 0 : 1), 3);
  control.writeUInt16LE(delay, 4);
  return control;
}

function imageDescriptor({ x, y, width, height }: Rect, table: Buffer): Buffer {
  const descriptor = Buffer.alloc(10);
  descriptor.writeUInt8(0x2c);
  for (const [index, value] of [x, y, width, height].entries()) descriptor.writeUInt16LE(value, 1 + index * 2);
  descriptor.writeUInt8(0x80 | (Math.log2(table.length / 3) - 1), 9);
  return descriptor;
}

interface GifParts {
  readonly table: Buffer;
  /** The palette's entry that is transparent; null: none. */
  readonly transparent: number | null;
  /** The codes of the pixels, in blocks. */
  readonly image: Buffer;
}

/** The parts of a still GIF that libvips wrote. */
function readGif(gif: Buffer): GifParts {
  const tableAt = (flagsAt: number, start: number) =>
    (gif[flagsAt]! & 0x80) === 0 ? Buffer.alloc(0) : gif.subarray(start, start + 3 * 2 ** ((gif[flagsAt]! & 7) + 1));
  const shared = tableAt(10, 13);
  let transparent: number | null = null;
  let at = 13 + shared.length;
  for (; gif[at] === 0x21; at = endOfBlocks(gif, at + 2)) {
    if (gif[at + 1] === 0xf9 && (gif[at + 3]! & 1) === 1) transparent = gif[at + 6]!;
  }
  const own = tableAt(at + 9, at + 10);
  const start = at + 10 + own.length;
  const image = gif.subarray(start, endOfBlocks(gif, start + 1));
  return { table: own.length > 0 ? own : shared, transparent, image };
}

/** The place behind blocks of data, each with its length before it, and the empty one that ends them. */
function endOfBlocks(gif: Buffer, start: number): number {
  let at = start;
  while (at < gif.length && gif[at] !== 0) at += gif[at]! + 1;
  return at + 1;
}

function applicationBlock(name: string, blocks: readonly Uint8Array[]): Buffer {
  const parts = blocks.flatMap((block) => [Buffer.of(block.length), block]);
  return Buffer.concat([Buffer.of(0x21, 0xff, 11), Buffer.from(name, 'latin1'), ...parts, Buffer.of(0)]);
}

function blocksOf(data: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += 255) blocks.push(data.subarray(at, at + 255));
  return blocks;
}

/**
 * XMP stands in a GIF without block lengths: readers of blocks take its letters for such, and land in a ramp that leads
 * to the end from wherever they come in. @see XMP specification part 3, section 1.1.2
 */
function xmpBlock(xmp: Uint8Array): Buffer {
  const ramp = Buffer.from([1, ...Array.from({ length: 256 }, (_, index) => 255 - index), 0]);
  return Buffer.concat([Buffer.of(0x21, 0xff, 11), Buffer.from('XMP DataXMP', 'latin1'), xmp, ramp]);
}
