import { extname } from 'node:path';
import type { PictureInfo } from '../read/inspect.ts';
import { formatNamedBy } from './output-format.ts';

/** What results may be asked to be, where no name decides; `same`: what the source is. */
export const FORMAT_CHOICES = [
  ...(['jpg', 'png', 'webp', 'tiff', 'avif', 'gif', 'apng', 'jxl', 'bmp', 'pnm', 'exr', 'same'] as const),
] as const;
export type FormatChoice = (typeof FORMAT_CHOICES)[number];

/**
 * The ending of a result's name. @param choice null: PNG, WebP for animations, TIFF for several pages; so too for
 * `same` where upreel does not write what the source is (HEIC, PSD). A still picture is no APNG but a PNG.
 */
export function extensionFor(
  choice: FormatChoice | null,
  { path, format, pages, animated }: Pick<PictureInfo, 'path' | 'format' | 'pages' | 'animated'>,
): string {
  if (choice === 'apng' && pages.length === 1) return '.png';
  if (choice !== null && choice !== 'same') return `.${choice}`;
  // An animated AVIF is another format to its reader alone.
  const own = format === 'avis' ? 'avif' : format;
  const isWritten = formatNamedBy(`x.${own}`) !== null;
  if (choice === null || !isWritten) return pages.length === 1 ? '.png' : animated ? '.webp' : '.tiff';
  // Such as .jpeg, .JPG or .tif, unless the name is wrong.
  if (formatNamedBy(path) === own) return extname(path);
  return own === 'jpeg' ? '.jpg' : `.${own}`;
}
