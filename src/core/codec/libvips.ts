import { createRequire } from 'node:module';
import type { Sharp, SharpInput, SharpOptions } from 'sharp';
import { isOutOfMemory, outOfMemory, tellsOfLackingMemory, UpreelError } from '../errors.ts';

/**
 * The one way to a libvips pipeline, with the loaders that upreel does not want switched off and without libvips'
 * cache, which would answer from a file's earlier content. A profile never changes the pixels unless `ignoreIcc` is
 * false.
 */
export function openPipeline(input: SharpInput, options: SharpOptions): Sharp {
  const sharp = loadSharp();
  sharp.cache(false);
  // Only ever blocks (blocking all and allowing some would fail pipelines that open at that moment); harmless when
  // repeated.
  sharp.block({ operation: UNWANTED_LOADERS });
  const pipeline = sharp(input, {
    failOn: 'error',
    limitInputPixels: false,
    sequentialRead: true,
    ignoreIcc: true,
    ...options,
  });
  pipeline.on('warning', (warning: string) => {
    if (tellsOfLackingMemory(warning)) lacking.set(pipeline, warning);
  });
  return pipeline;
}

/** Not at the start: it takes 70 ms, and of three processes only the one that has pixels needs it. */
function loadSharp(): typeof import('sharp').default {
  sharpModule ??= createRequire(import.meta.url)('sharp') as typeof import('sharp').default;
  return sharpModule;
}

let sharpModule: typeof import('sharp').default | undefined;

/** Loads what pictures are read with, ahead of the first one. A failure is told where a picture is. */
export function loadCodec(): void {
  try {
    loadSharp();
  } catch {}
}

/** A pipeline of a line of text. @param text with Pango's markup */
export function textPipeline(text: string, dpi: number): Sharp {
  return loadSharp()({ text: { text, font: 'sans', dpi, wrap: 'none' } });
}

const lacking = new WeakMap<Sharp, string>();

/**
 * What a pipeline gives, or an error where libvips only warned that memory ran out: its result may then hold what lay
 * in memory before (seen once in 60 pictures that were written just below a limit of the address space).
 */
export async function whole<T>(pipeline: Sharp, result: Promise<T>): Promise<T> {
  const given = await result;
  const warning = lacking.get(pipeline);
  if (warning !== undefined) throw new Error(`libvips: ${warning}`);
  return given;
}

/** All but JPEG, PNG, WebP, TIFF, GIF and HEIF; a system libvips may bring more of them than sharp's own. */
const UNWANTED_LOADERS = [
  'Svg',
  'Pdf',
  'Magick',
  'Magick7',
  'OpenSlide',
  'Openslide',
  'Fits',
  'Ppm',
  'Rad',
  'Csv',
  'Matrix',
  'Raw',
  'Vips',
  'Jp2k',
  'Jxl',
  'Mat',
  'Analyze',
  'Nifti',
  'OpenExr',
  'Openexr',
  'DcRaw',
  'Dcraw',
  // A JPEG with a gain map, which is read as the JPEG that it is.
  'Uhdr',
].map((name) => `VipsForeignLoad${name}`); // prettier-ignore

/** What a failure of libvips on `path` means to people. */
export function decodeError(error: unknown, path: string): UpreelError {
  // First of all: what failed for lack of memory says nothing of the file, whatever else is in the message.
  if (isOutOfMemory(error)) return outOfMemory(`Not enough memory to read ${path}.`, error);
  const text = error instanceof Error ? error.message : String(error);
  if (/not been built in|not configured|unsupported|not supported|unimplemented/i.test(text)) {
    return new UpreelError('input-unsupported', `${path} uses a kind of compression or samples that cannot be read.`, {
      hint: 'Convert it to PNG or TIFF first, for example in GIMP.',
      cause: error,
    });
  }
  return damagedPicture(path, error);
}

export function damagedPicture(path: string, cause?: unknown): UpreelError {
  return new UpreelError('input-damaged', `${path} is damaged: it ends early or its data make no sense.`, {
    hint: 'Get the file again from where it came from.',
    cause,
  });
}

/** Data of a JPEG that cannot be right, as against odd things that readers have learnt to live with. */
export function isCorruptJpeg(error: unknown): boolean {
  return (
    error instanceof Error &&
    /Corrupt JPEG data: (bad Huffman|premature end|found marker|arithmetic)|Inconsistent progression/i.test(
      error.message,
    )
  );
}

/** Versions of sharp and of the libvips in it. */
export function codecVersions(): { readonly sharp: string; readonly vips: string } {
  const { sharp = 'unknown', vips } = loadSharp().versions;
  return { sharp, vips };
}
