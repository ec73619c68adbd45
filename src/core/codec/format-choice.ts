import { extname } from 'node:path';
import type { PictureInfo } from './inspect.ts';
import { formatNamedBy } from './output-format.ts';

/** What results may be asked to be, where no name decides; `same`: what the source is. */
export const FORMAT_CHOICES = ['jpg', 'png', 'webp', 'tiff', 'avif', 'same'] as const;
export type FormatChoice = (typeof FORMAT_CHOICES)[number];

/**
 * The ending of a result's name. @param choice null: PNG, WebP for animations, TIFF for several pages; so too for `same`
 * where upreel does not write what the source is (GIF, animated PNG, PSD).
 */
export function extensionFor(
  choice: FormatChoice | null,
  { path, format, pages, animated }: Pick<PictureInfo, 'path' | 'format' | 'pages' | 'animated'>,
): string {
  if (choice !== null && choice !== 'same') return `.${choice}`;
  const isWritten = formatNamedBy(`x.${format}`) !== null && !(format === 'png' && animated);
  if (choice === null || !isWritten) return pages.length === 1 ? '.png' : animated ? '.webp' : '.tiff';
  // Such as .jpeg, .JPG or .tif, unless the name is wrong.
  const own = extname(path);
  return formatNamedBy(path) === format ? own : format === 'jpeg' ? '.jpg' : `.${format}`;
}
