import { withFile } from '../bytes/with-file.ts';
import type { LibvipsKind, OwnHeader } from '../definition/libvips-kind.ts';

/**
 * @throws UpreelError `input-damaged` for a TIFF file without a readable page, `input-unsupported` for a camera's raw
 *   file, `input-missing`, `input-unreadable`.
 */
export async function readOwnHeader(path: string, kind: LibvipsKind): Promise<OwnHeader> {
  return { ...NOTHING, ...(await withFile(path, (source) => kind.readHeader(source, path))) };
}

const NOTHING: OwnHeader = {
  density: null,
  icc: null,
  exif: null,
  xmp: null,
  iptc: null,
  pngColour: [],
  hasProfile: false,
  premultiplied: false,
  tiffPages: [],
  warnings: [],
};
