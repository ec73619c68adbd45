import type { Rect } from '../../pixels/geometry.ts';
import { makePngChunk, metadataChunks, PNG_SIGNATURE } from '../formats/png/png-chunks.ts';
import { PNG_EFFORT } from '../formats/png/png-effort.ts';
import { pixelPipeline } from '../raw-pixels.ts';
import { changedRect, cutRect, type PageBytes } from './changed-rect.ts';
import { delayFraction } from './delays.ts';
import { PageQueue } from './page-queue.ts';
import { type AnimationPlan, type AnimationWriter, GrowingFile } from './writer.ts';

/**
 * An animated PNG: each page is the part of it that differs from the one before, without loss, so that a player needs
 * neither transparency nor disposal to build it up.
 * @see W3C PNG, third edition, sections 11.3.4 and 4.9
 */
export async function startApng(plan: AnimationPlan): Promise<AnimationWriter> {
  const { size, samples, delaysMs } = plan;
  const pixelBytes = samples.bands * samples.bytesPerSample;
  const file = await GrowingFile.create(await plan.newFile('png'));
  const queue = new PageQueue<ApngPage>(size, write);
  let previous: PageBytes | null = null;
  let sequence = 0;

  async function begin(header: Buffer): Promise<void> {
    const control = Buffer.alloc(8);
    control.writeUInt32BE(plan.pages, 0);
    control.writeUInt32BE(Math.min(0x7fff_ffff, plan.loop), 4);
    const before = await metadataChunks(plan.metadata);
    await file.append(PNG_SIGNATURE, makePngChunk('IHDR', header), makePngChunk('acTL', control), ...before);
  }

  function frameControl({ x, y, width, height }: Rect, page: number): Buffer {
    const control = Buffer.alloc(26);
    for (const [index, value] of [sequence++, width, height, x, y].entries()) control.writeUInt32BE(value, index * 4);
    const { num, den } = delayFraction(delaysMs[page]!);
    control.writeUInt16BE(num, 20);
    control.writeUInt16BE(den, 22);
    // Disposal "none" and blending "source" are both 0.
    return makePngChunk('fcTL', control);
  }

  async function write({ rect, png }: ApngPage, page: number): Promise<void> {
    const { header, pixels } = readPng(png);
    if (page === 0) await begin(header);
    await file.append(frameControl(rect, page));
    for (const bytes of pixels) {
      const number = Buffer.alloc(4);
      if (page > 0) number.writeUInt32BE(sequence++);
      await file.append(
        page === 0 ? makePngChunk('IDAT', bytes) : makePngChunk('fdAT', Buffer.concat([number, bytes])),
      );
    }
  }

  return {
    async add(data) {
      const current: PageBytes = { ...size, data, pixelBytes };
      const whole = { x: 0, y: 0, ...size };
      const rect = previous === null ? whole : (changedRect(previous, current) ?? ONE_PIXEL);
      const part = rect === whole ? data : cutRect(current, rect);
      previous = current;
      await queue.add(encodePage(part, rect, plan));
    },
    async finish() {
      await queue.finish();
      await file.append(makePngChunk('IEND', Buffer.alloc(0)));
      await file.close();
      return file.path;
    },
    stop: () => file.close(),
  };
}

interface ApngPage {
  readonly rect: Rect;
  readonly png: Buffer;
}

async function encodePage(
  part: Uint8Array<ArrayBuffer>,
  rect: Rect,
  { samples, effort }: AnimationPlan,
): Promise<ApngPage> {
  return { rect, png: await pixelPipeline(part, rect, samples).png(PNG_EFFORT[effort]).toBuffer() };
}

/** What a page that equals the one before draws: it must draw something. */
const ONE_PIXEL: Rect = { x: 0, y: 0, width: 1, height: 1 };

/** IHDR's and IDAT's data of a PNG that libvips wrote. */
function readPng(png: Buffer): { readonly header: Buffer; readonly pixels: readonly Buffer[] } {
  let header: Buffer = Buffer.alloc(0);
  const pixels: Buffer[] = [];
  for (let at = PNG_SIGNATURE.length; at + 12 <= png.length; ) {
    const end = at + 8 + png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    if (type === 'IHDR') header = png.subarray(at + 8, end);
    if (type === 'IDAT') pixels.push(png.subarray(at + 8, end));
    at = end + 4;
  }
  return { header, pixels };
}
