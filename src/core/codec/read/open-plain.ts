import { withFile } from '../bytes/with-file.ts';
import type { PlainKind } from '../definition/plain-kind.ts';
import { checkSize, type PictureLimits } from '../picture-limits.ts';
import type { PictureReader } from './decode.ts';
import type { PictureFile } from './picture-file.ts';
import { stillReader } from './still.ts';

/**
 * Opens a picture whose samples upreel reads itself.
 * @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-damaged`, `input-too-large`.
 */
export async function openPlain<Own>(
  file: PictureFile,
  kind: PlainKind<Own>,
  limits: PictureLimits,
): Promise<PictureReader> {
  const { path } = file;
  const { still, own } = await withFile(path, (source) => kind.readHeader(source, path));
  checkSize(path, still.size, limits);
  return stillReader(file, still, () => withFile(path, (source) => kind.readPixels(source, path, still, own)));
}
