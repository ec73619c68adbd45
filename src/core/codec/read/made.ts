import type { ByteSource } from '../bytes/byte-source.ts';
import { withFile } from '../bytes/with-file.ts';
import { readMade } from '../metadata/xmp-made.ts';
import type { PictureInfo } from './inspect.ts';

/**
 * What a picture's file says of how it was made, as it stands there: anyone can have written it. null: nothing.
 * @throws UpreelError `input-missing`, `input-unreadable`.
 */
export async function madeIn({ path, format, metadata }: PictureInfo): Promise<string | null> {
  if (format === 'pnm') return await withFile(path, readComment);
  if (format === 'gif') return await withFile(path, readGifBlock);
  return metadata.xmp === null ? null : readMade(metadata.xmp);
}

const HEAD_BYTES = 64 * 1024;

/** Of PNM: the line behind its mark. */
async function readComment(source: ByteSource): Promise<string | null> {
  const head = await source.read(0, HEAD_BYTES);
  const end = head.indexOf(0x0a, 3);
  return head.toString('latin1', 2, 5) === '\n# ' && end > 0 ? head.toString('utf8', 5, end) : null;
}

/** Of GIF: an application's block right behind the palette, which other readers of XMP may not know of. */
async function readGifBlock(source: ByteSource): Promise<string | null> {
  const head = await source.read(0, HEAD_BYTES);
  const mark = head.indexOf('XMP DataXMP', 0, 'latin1');
  // Behind the packet come bytes that no text has.
  const end = head.indexOf(0x01, mark);
  return mark < 0 || end < 0 ? null : readMade(head.subarray(mark + 11, end));
}
