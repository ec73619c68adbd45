import type { FileHandle } from 'node:fs/promises';
import type { Size } from '../../pixels/geometry.ts';
import type { Effort } from '../effort.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';

/** What rows will come for a file that is written as they come. */
export interface RowPicture extends Size {
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  readonly alpha: boolean;
  readonly effort: Effort;
  readonly metadata: PictureMetadata;
  /** How it is made, in a line, where a format has a place for one; null: that is not told. */
  readonly made: string | null;
}

/** A file that takes finished rows from top to bottom, in memory that does not grow with them. */
export interface RowFile {
  /** Whole rows, interleaved, alpha last, in the machine's byte order. */
  write(rows: Uint8Array): Promise<void>;
  /** After the last row: the name of the file, which is complete. */
  finish(): Promise<string>;
  /** Lets go of the file, at any time; whoever has named it removes it. */
  discard(): Promise<void>;
}

/** Samples of a pixel. */
export function bandsOf({ channels, alpha }: Pick<RowPicture, 'channels' | 'alpha'>): number {
  return channels + (alpha ? 1 : 0);
}

/** Writes all of the bytes at a place of the file. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}
