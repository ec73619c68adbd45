import { UpreelError } from '../../errors.ts';
import type { Rect } from '../../pixels/geometry.ts';
import type { CarrierSamples } from '../carrier.ts';
import { makeWebpChunk, WEBP_FLAG } from '../formats/webp/webp-chunks.ts';
import { webpOptions } from '../formats/webp/webp-options.ts';
import { pixelPipeline } from '../raw-pixels.ts';
import { blendedPart } from './blended-part.ts';
import { changedRect, cutRect, type PageBytes } from './changed-rect.ts';
import { wholeDelays } from './delays.ts';
import { PageQueue } from './page-queue.ts';
import { type AnimationPlan, type AnimationWriter, GrowingFile } from './writer.ts';

/**
 * An animated WebP: each page is the part of it that differs from the one before. libwebp's own maker of animations
 * joins equal pages and is therefore not used.
 * @see RFC 9649, section 2.7
 */
export async function startWebpAnimation(plan: AnimationPlan): Promise<AnimationWriter> {
  const { size, samples, metadata } = plan;
  const delays = wholeDelays(plan.delaysMs, { unitMs: 1, most: 0xff_ffff });
  const pixelBytes = samples.bands * samples.bytesPerSample;
  const file = await GrowingFile.create(await plan.newFile('webp'));
  const queue = new PageQueue<WebpPage>(size, write);
  let previous: PageBytes | null = null;
  let hasAlpha = samples.alpha;

  function flags(): Buffer {
    const { icc, exif, xmp } = metadata;
    return Buffer.of(
      WEBP_FLAG.animation |
        (hasAlpha ? WEBP_FLAG.alpha : 0) |
        (icc === null ? 0 : WEBP_FLAG.icc) |
        (exif === null ? 0 : WEBP_FLAG.exif) |
        (xmp === null ? 0 : WEBP_FLAG.xmp),
    );
  }

  async function begin(): Promise<void> {
    const { icc } = metadata;
    const header = Buffer.alloc(10);
    header.writeUIntLE(size.width - 1, 4, 3);
    header.writeUIntLE(size.height - 1, 7, 3);
    const control = Buffer.alloc(6);
    control.writeUInt16LE(Math.min(0xffff, plan.loop), 4);
    await file.append(Buffer.from('RIFF\0\0\0\0WEBP', 'latin1'), makeWebpChunk('VP8X', header));
    if (icc !== null) await file.append(makeWebpChunk('ICCP', icc));
    await file.append(makeWebpChunk('ANIM', control));
  }

  async function write({ rect, still, isBlended }: WebpPage, page: number): Promise<void> {
    if (page === 0) await begin();
    const control = Buffer.alloc(16);
    [rect.x / 2, rect.y / 2, rect.width - 1, rect.height - 1, delays[page]!].forEach((value, index) => {
      control.writeUIntLE(value, index * 3, 3);
    });
    // Disposal: none.
    control.writeUInt8(isBlended ? 0 : DO_NOT_BLEND, 15);
    hasAlpha ||= isBlended;
    await file.append(makeWebpChunk('ANMF', Buffer.concat([control, ...pixelChunks(still)])));
  }

  return {
    async add(data) {
      const current: PageBytes = { ...size, data, pixelBytes };
      const before = previous;
      previous = current;
      if (before === null) return await queue.add(encodePart(data, samples, { x: 0, y: 0, ...size }, plan));
      const changed = changedRect(before, current);
      if (changed === null) return await queue.add(nothing());
      const rect = onEvenPixels(changed);
      const blended = blendedPart(before, current, rect, { samples, keepsColours: !plan.lossless });
      await queue.add(
        blended === null
          ? encodePart(cutRect(current, rect), samples, rect, plan)
          : encodePart(blended, { ...samples, bands: samples.bands + (samples.alpha ? 0 : 1) }, rect, plan, true),
      );
    },
    async finish() {
      await queue.finish();
      const { exif, xmp } = metadata;
      if (exif !== null) await file.append(makeWebpChunk('EXIF', exif));
      if (xmp !== null) await file.append(makeWebpChunk('XMP ', xmp));
      if (file.bytes > 0xffff_fffe) {
        throw new UpreelError('usage', 'A WebP holds at most 4 GB; the result is larger.', {
          hint: 'Write .apng instead, or ask for a smaller result with --scale or --size.',
        });
      }
      const length = Buffer.alloc(4);
      length.writeUInt32LE(file.bytes - 8);
      await file.patch(4, length);
      await file.patch(FLAGS_AT, flags());
      await file.close();
      return file.path;
    },
    stop: () => file.close(),
  };
}

/** Behind the heads of the file and of its first chunk. */
const FLAGS_AT = 20;

interface WebpPage {
  readonly rect: Rect;
  readonly still: Buffer;
  /** Laid over the page before, instead of replacing it. */
  readonly isBlended: boolean;
}

async function encodePart(
  part: Uint8Array<ArrayBuffer>,
  samples: Pick<CarrierSamples, 'bands' | 'bytesPerSample'>,
  rect: Rect,
  plan: AnimationPlan,
  isBlended = false,
): Promise<WebpPage> {
  return { rect, still: await pixelPipeline(part, rect, samples).webp(webpOptions(plan)).toBuffer(), isBlended };
}

/** What a page that equals the one before draws: one pixel, wholly transparent. */
async function nothing(): Promise<WebpPage> {
  const rect = { x: 0, y: 0, width: 1, height: 1 };
  const transparent = pixelPipeline(new Uint8Array(4), rect, { bands: 4, bytesPerSample: 1 });
  return { rect, still: await transparent.webp({ lossless: true }).toBuffer(), isBlended: true };
}

const DO_NOT_BLEND = 2;

/** Frames start at even pixels. */
function onEvenPixels({ x, y, width, height }: Rect): Rect {
  return { x: x - (x % 2), y: y - (y % 2), width: width + (x % 2), height: height + (y % 2) };
}

/** The chunks of a still WebP that hold its pixels. */
function pixelChunks(webp: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 12; at + 8 <= webp.length; ) {
    const length = webp.readUInt32LE(at + 4);
    const end = at + 8 + length + (length % 2);
    if (['ALPH', 'VP8 ', 'VP8L'].includes(webp.toString('latin1', at, at + 4))) chunks.push(webp.subarray(at, end));
    at = end;
  }
  return chunks;
}
