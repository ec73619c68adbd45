import { withFile } from '../bytes/with-file.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { FORMATS } from '../formats/list.ts';
import { readMade } from '../metadata/xmp-made.ts';
import type { PictureInfo } from './inspect.ts';

/**
 * What a picture's file says of how it was made, as it stands there: anyone can have written it. null: nothing.
 * @throws UpreelError `input-missing`, `input-unreadable`.
 */
export async function madeIn({ path, format, metadata }: PictureInfo): Promise<string | null> {
  const own: StillFormat = FORMATS[format];
  if (own.readMade !== undefined) return await withFile(path, own.readMade);
  return metadata.xmp === null ? null : readMade(metadata.xmp);
}
