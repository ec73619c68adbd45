import type { RowFile, RowPicture } from '../definition/row-picture.ts';
import { createBmp } from '../formats/bmp.ts';
import { createExr } from '../formats/exr/write-exr.ts';
import { createPnm } from '../formats/pnm/write-pnm.ts';
import type { OutputFormat } from '../write/output-format.ts';

/** The formats that upreel writes itself. */
export type RowFormat = 'bmp' | 'pnm' | 'exr';

export function isRowFormat(format: OutputFormat): format is RowFormat {
  return format === 'bmp' || format === 'pnm' || format === 'exr';
}

/** Starts a new file; its ending says which PNM it is. @throws the system's error if it exists or cannot be made. */
export function createRowFile(path: string, format: RowFormat, picture: RowPicture): Promise<RowFile> {
  switch (format) {
    case 'bmp':
      return createBmp(path, picture);
    case 'pnm':
      return createPnm(path, picture);
    case 'exr':
      return createExr(path, picture);
  }
}
