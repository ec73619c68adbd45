import { UpreelError } from '../../errors.ts';
import type { StillHeader, StillPixels } from '../definition/still-picture.ts';
import { NO_METADATA, type PictureMetadata, uprightXmp } from '../metadata/metadata.ts';
import { turnUpright, uprightSize } from '../turned.ts';
import type { PictureReader } from './decode.ts';
import type { PictureInfo } from './inspect.ts';
import type { PictureFile } from './picture-file.ts';

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
