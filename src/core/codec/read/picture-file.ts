import type { PictureFormat } from '../formats/list.ts';

/** A file whose kind is known. */
export interface PictureFile {
  readonly path: string;
  readonly format: PictureFormat;
  readonly bytes: number;
}
