import type { ByteSource } from '../bytes/byte-source.ts';
import type { StillHeader, StillPixels } from './still-picture.ts';

/** A format whose samples lie so plainly in the file that upreel reads them itself. */
export interface PlainKind<Own> {
  /** @throws UpreelError `input-damaged`, `input-unsupported`. */
  readHeader(source: ByteSource, path: string): Promise<PlainHeader<Own>>;
  /** Only after the size was found small enough. @throws UpreelError `input-damaged`, `input-unsupported`. */
  readPixels(source: ByteSource, path: string, still: StillHeader, own: Own): Promise<StillPixels>;
}

export interface PlainHeader<Own> {
  readonly still: StillHeader;
  /** What the pixels' reader is to know of it. */
  readonly own: Own;
}

/** Such a format, whatever its header tells its pixels' reader. */
export interface PlainReading extends PlainKind<unknown> {
  readonly by: 'upreel';
}

export function readByUpreel<Own>({ readHeader, readPixels }: PlainKind<Own>): PlainReading {
  return { by: 'upreel', readHeader, readPixels };
}
