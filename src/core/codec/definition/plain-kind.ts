import type { ByteSource } from '../bytes/byte-source.ts';
import type { StillHeader, StillPixels } from '../read/still.ts';

/** A format whose samples lie so plainly in the file that upreel reads them itself. */
export interface PlainKind<Own> {
  /** @throws UpreelError `input-damaged`, `input-unsupported`. */
  readHeader(source: ByteSource, path: string): Promise<{ readonly still: StillHeader; readonly own: Own }>;
  /** Only after the size was found small enough. @throws UpreelError `input-damaged`, `input-unsupported`. */
  readPixels(source: ByteSource, path: string, still: StillHeader, own: Own): Promise<StillPixels>;
}
