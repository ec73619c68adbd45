import { open } from 'node:fs/promises';
import type { Size } from '../../pixels/geometry.ts';
import { type Apng, type ApngFrame, framePng, readApng } from '../animation/apng-chunks.ts';
import { fileSource } from '../bytes/byte-source.ts';
import { withFile } from '../bytes/with-file.ts';
import type { LibvipsKind } from '../definition/libvips-kind.ts';
import { inputError } from '../input-errors.ts';
import { damagedPicture, decodeError, openPipeline } from '../libvips.ts';
import { checkSize, type PictureLimits } from '../picture-limits.ts';
import { splitAlpha } from '../samples.ts';
import { exifOrientation, turnUpright } from '../turned.ts';
import type { DecodedPicture, PictureReader } from './decode.ts';
import { inspectByLibvips, type PictureInfo } from './inspect.ts';
import type { PictureFile } from './picture-file.ts';
import { checkPage } from './still.ts';

/** @throws UpreelError as `openApng` does. */
export async function inspectApng(file: PictureFile, kind: LibvipsKind, limits: PictureLimits): Promise<PictureInfo> {
  const still = await inspectByLibvips(file, kind, limits);
  const apng = await withFile(file.path, (source) => readApng(source, file.path));
  checkSize(file.path, apng.canvas, limits);
  const missing = `${file.path} lacks ${apng.missing} of the pictures that it announces.`;
  return {
    ...still,
    pages: apng.frames.map(() => still.pages[0]!),
    animated: apng.frames.length > 1,
    alpha: still.alpha || showsGround(apng),
    metadata: { ...still.metadata, delaysMs: apng.frames.map(({ delayMs }) => delayMs), loop: apng.plays },
    warnings: [...still.warnings, ...(apng.missing > 0 ? [missing] : [])],
  };
}

/**
 * Opens an APNG as the pictures that it shows. Each frame is decoded as a PNG of its own and laid on the canvas here:
 * ffmpeg blends no 16-bit samples. In memory are the canvas, what it was before, and one frame.
 * @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-damaged`, `input-too-large`.
 */
export async function openApng(file: PictureFile, kind: LibvipsKind, limits: PictureLimits): Promise<PictureReader> {
  const info = await inspectApng(file, kind, limits);
  return {
    info,
    readPage: async (page) => {
      checkPage(info, page);
      for await (const decoded of readPages(info)) if (decoded.page === page) return decoded;
      throw damagedPicture(file.path);
    },
    pages: () => readPages(info),
  };
}

/** Whether the transparent canvas can be seen: the first frame does not cover it, or one is taken away again. */
function showsGround({ canvas, frames }: Apng): boolean {
  const [first] = frames;
  const covers = first!.width === canvas.width && first!.height === canvas.height;
  return !covers || first!.dispose !== 'none' || frames.some(({ dispose }) => dispose === 'background');
}

async function* readPages(info: PictureInfo): AsyncGenerator<DecodedPicture> {
  const { path, channels, bytesPerSample, metadata } = info;
  const orientation = metadata.exif === null ? 1 : await exifOrientation(metadata.exif);
  const file = await open(path, 'r').catch((error: unknown) => {
    throw inputError(error, path);
  });
  try {
    const source = await fileSource(file);
    const apng = await readApng(source, path);
    const canvas = openCanvas(apng.canvas, bytesPerSample);
    for (const [page, frame] of apng.frames.entries()) {
      const part = await decodeFrame(await framePng(source, apng, frame, path), frame, bytesPerSample, path);
      canvas.lay(part, frame, page === 0);
      const shape = { ...apng.canvas, bands: 4, channels, bytesPerSample };
      const { colour, alpha } = splitAlpha(bytesOf(canvas.shown()), shape);
      yield {
        ...info.pages[page]!,
        page,
        colour: turnUpright(colour, orientation),
        alpha: info.alpha ? turnUpright(alpha, orientation) : null,
        metadata,
        warnings: [],
      };
      canvas.dispose();
    }
  } finally {
    await file.close();
  }
}

type Samples = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

function bytesOf(samples: Samples): Uint8Array<ArrayBuffer> {
  return new Uint8Array(samples.buffer);
}

/** RGBA of a frame, 8 or 16 bits. */
async function decodeFrame(png: Buffer, size: Size, bytesPerSample: 1 | 2, path: string): Promise<Samples> {
  const wide = bytesPerSample === 2;
  try {
    const { data, info } = await openPipeline(png, {})
      .toColourspace(wide ? 'rgb16' : 'srgb')
      .ensureAlpha()
      .raw({ depth: wide ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.width !== size.width || info.height !== size.height || info.channels !== 4) throw damagedPicture(path);
    const bytes = new Uint8Array(data);
    return wide ? new Uint16Array(bytes.buffer) : bytes;
  } catch (error) {
    throw decodeError(error, path);
  }
}

/** What the animation is drawn on. */
function openCanvas({ width, height }: Size, bytesPerSample: 1 | 2) {
  const make = () => (bytesPerSample === 1 ? new Uint8Array(width * height * 4) : new Uint16Array(width * height * 4));
  const samples: Samples = make();
  let before: Samples | null = null;
  let last: ApngFrame | null = null;
  let isFirst = false;
  const rows = (frame: ApngFrame, visit: (start: number, from: number) => void) => {
    for (let row = 0; row < frame.height; row++) {
      visit(4 * ((frame.y + row) * width + frame.x), 4 * row * frame.width);
    }
  };
  return {
    shown: (): Samples => samples.slice(),
    lay(part: Samples, frame: ApngFrame, first: boolean): void {
      [last, isFirst] = [frame, first];
      before = frame.dispose === 'previous' && !first ? samples.slice() : null;
      rows(frame, (start, from) => {
        const row = part.subarray(from, from + 4 * frame.width);
        if (frame.blend === 'source') samples.set(row, start);
        else layOver(samples, start, row);
      });
    },
    /** What the format says to do before the next frame; there is nothing before the first. */
    dispose(): void {
      const frame = last;
      if (frame === null) return;
      if (frame.dispose === 'background' || (frame.dispose === 'previous' && isFirst)) {
        rows(frame, (start) => samples.fill(0, start, start + 4 * frame.width));
      } else if (before !== null) samples.set(before);
    },
  };
}

/** Porter and Duff's "over", of colours that are not multiplied. */
function layOver(ground: Samples, start: number, row: Samples): void {
  const white = row.BYTES_PER_ELEMENT === 1 ? 255 : 65_535;
  for (let from = 0, to = start; from < row.length; from += 4, to += 4) {
    const own = row[from + 3]!;
    if (own === 0) continue;
    const under = (ground[to + 3]! * (white - own)) / white;
    const alpha = own + under;
    for (let band = 0; band < 3; band++) {
      ground[to + band] = Math.round((row[from + band]! * own + ground[to + band]! * under) / alpha);
    }
    ground[to + 3] = Math.round(alpha);
  }
}
