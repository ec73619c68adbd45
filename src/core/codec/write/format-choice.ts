import { extname } from 'node:path';
import type { PictureInfo } from '../read/inspect.ts';
import { FORMAT_CHOICES, type FormatChoice } from './format-choices.ts';
import { formatNamedBy, listedOr, noQualityOf } from './output-format.ts';

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

/** For people, those for which a quality can be asked: "jpg, webp or avif". */
export function choicesWithQuality(): string {
  const takesQuality = (choice: FormatChoice) => {
    const format = formatNamedBy(`x.${choice}`);
    return format !== null && noQualityOf(format) === null;
  };
  return listedOr(FORMAT_CHOICES.filter(takesQuality));
}
