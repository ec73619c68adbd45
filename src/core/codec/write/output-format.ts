import { extname } from 'node:path';
import { UpreelError } from '../../errors.ts';
import type { Size } from '../../pixels/geometry.ts';
import type { StillFormat } from '../definition/still-format.ts';
import type { FormatAbilities, WrittenFormat } from '../definition/written-format.ts';
import { FORMATS, type OutputFormat } from '../formats/list.ts';
import { FORMAT_CHOICES } from './format-choices.ts';

export function writtenFormat(format: OutputFormat): WrittenFormat {
  return FORMATS[format].write;
}

/** What a format can hold, and its name for people. */
export function abilitiesOf(format: OutputFormat): FormatAbilities & { readonly name: string } {
  return { name: FORMATS[format].name, ...writtenFormat(format).abilities };
}

/** Why a quality that is asked for changes nothing, to be said behind the format's name; null: it does. */
export function noQualityOf(format: OutputFormat): string | null {
  const { lossless, noQuality } = writtenFormat(format).abilities;
  return lossless === 'always' ? 'is without loss' : (noQuality ?? null);
}

/** The format that a file's name stands for; null: none of ours. */
export function formatNamedBy(path: string): OutputFormat | null {
  return ENDINGS.get(extname(path).toLowerCase()) ?? null;
}

const ENDINGS: ReadonlyMap<string, OutputFormat> = new Map(
  Object.entries(FORMATS).flatMap(([format, { write }]: [string, StillFormat]) =>
    (write?.endings ?? []).map((ending) => [ending, format as OutputFormat] as const),
  ),
);

/** The format that a file's name asks for. @throws UpreelError `usage` for a name that asks for none of ours. */
export function outputFormatOf(path: string): OutputFormat {
  const format = formatNamedBy(path);
  if (format !== null) return format;
  const extension = extname(path).toLowerCase();
  throw new UpreelError(
    'usage',
    `upreel cannot write ${extension === '' ? 'a name without an ending' : extension}: ${path}.`,
    {
      hint: FILMS.has(extension)
        ? 'Of pictures, GIF, APNG and numbered ones become films: write .apng, and make a film of that.'
        : `Let the name end in ${listedOr(toldEndings())}.`,
    },
  );
}

/** PNG, which is the default, before the others. */
function toldEndings(): string[] {
  const endings = FORMAT_CHOICES.flatMap((choice) => {
    const format = formatNamedBy(`x.${choice}`);
    if (format === null) return [];
    return choice === format ? FORMATS[format].write.endings[0] : `.${choice}`;
  });
  return ['.png', ...endings.filter((ending) => ending !== '.png')];
}

/** For people: "a, b or c". */
export function listedOr(things: readonly string[]): string {
  return `${things.slice(0, -1).join(', ')} or ${things.at(-1)}`;
}

const FILMS = new Set(['.mkv', '.mp4', '.m4v', '.mov', '.webm']);

/** @throws UpreelError `usage` if the format cannot hold pages of these sizes. */
export function checkFormatHolds(format: OutputFormat, pages: readonly Size[]): void {
  const { name, maxSidePx, maxMegapixels, pages: kind } = abilitiesOf(format);
  const [first] = pages;
  if (first === undefined) throw new UpreelError('usage', 'Expected at least one page to write.');
  for (const { width, height } of pages) {
    const limit =
      Math.max(width, height) > maxSidePx
        ? `${maxSidePx} pixels a side`
        : width * height > maxMegapixels * 1e6
          ? `${maxMegapixels} megapixels`
          : null;
    if (limit === null) continue;
    throw new UpreelError('usage', `${name} holds at most ${limit}; the result has ${width}x${height}.`, {
      hint: 'Write PNG or TIFF, or ask for a smaller result with --scale or --size.',
    });
  }
  if (pages.length > 1 && kind === 'one') {
    throw new UpreelError('usage', `${name} holds one picture; the source has ${pages.length} pages.`, {
      hint: 'Write .webp, .apng, .gif or .avif for an animation, .tif for a document of several pages.',
    });
  }
  if (kind === 'animation' && pages.some(({ width, height }) => width !== first.width || height !== first.height)) {
    throw new UpreelError('usage', `${name} holds pages of one size only; the source's pages differ.`, {
      hint: 'Write .tif instead.',
    });
  }
}
