import { UpreelError } from '../../errors.ts';
import type { Size } from '../../pixels/geometry.ts';
import type { Raster } from '../../pixels/raster.ts';
import type { PictureFormat } from '../formats/list.ts';
import { NO_METADATA, type PictureMetadata, uprightXmp } from '../metadata/metadata.ts';
import { turnUpright, uprightSize } from '../turned.ts';
import type { PictureReader } from './decode.ts';
import type { PictureInfo } from './inspect.ts';

/** A file whose kind is known. */
export interface PictureFile<Format extends PictureFormat = PictureFormat> {
  readonly path: string;
  readonly format: Format;
  readonly bytes: number;
}

/** One picture without pages, as its header tells. */
export interface StillHeader {
  /** As the pixels are decoded. */
  readonly size: Size;
  /** As EXIF counts, of the decoded pixels. Default: 1, upright. */
  readonly orientation?: number;
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  readonly alpha: boolean;
  /** What is left out is not known. */
  readonly metadata?: Partial<PictureMetadata>;
  readonly warnings: readonly string[];
}

export interface StillPixels {
  readonly colour: Raster;
  readonly alpha: Raster | null;
  /** Beyond those of the header. */
  readonly warnings: readonly string[];
}

function stillInfo(file: PictureFile, header: StillHeader): PictureInfo {
  const { size, channels, bytesPerSample, alpha, warnings, orientation = 1 } = header;
  const known = { ...NO_METADATA, ...header.metadata };
  const { density, xmp } = known;
  const metadata: PictureMetadata = {
    ...known,
    density: density !== null && orientation >= 5 ? { x: density.y, y: density.x } : density,
    xmp: xmp === null ? null : uprightXmp(xmp),
  };
  const pages = [uprightSize(size, orientation)];
  return { ...file, pages, animated: false, channels, bytesPerSample, alpha, metadata, warnings };
}

/** @param decode reads the pixels as they lie in the file, anew for each call. */
export function stillReader(file: PictureFile, header: StillHeader, decode: () => Promise<StillPixels>): PictureReader {
  const info = stillInfo(file, header);
  const readPage: PictureReader['readPage'] = async (page) => {
    checkPage(info, page);
    const { colour, alpha, warnings } = await decode();
    return {
      ...info.pages[0]!,
      page,
      colour: turnUpright(colour, header.orientation ?? 1),
      alpha: alpha === null ? null : turnUpright(alpha, header.orientation ?? 1),
      metadata: info.metadata,
      warnings,
    };
  };
  return {
    info,
    readPage,
    pages: async function* () {
      yield await readPage(0);
    },
  };
}

/** @throws UpreelError `usage` */
export function checkPage({ path, pages }: PictureInfo, page: number): void {
  if (pages[page] !== undefined) return;
  throw new UpreelError('usage', `${path} has ${pages.length} pages; there is no page ${page + 1}.`);
}

/** A variant of a known format that is not read. @param what continues "... is" or "... has" */
export function unsupportedVariant(path: string, what: string, hint?: string): UpreelError {
  return new UpreelError('input-unsupported', `${path} ${what}, which upreel does not read.`, {
    hint: hint ?? 'Save it as 16-bit PNG or TIFF first, for example in GIMP.',
  });
}
