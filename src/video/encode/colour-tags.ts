import type { Colour } from '../source/colour.ts';
import type { StreamWarning } from '../source/streams.ts';
import type { ColourTags } from '../source/video-info.ts';

/** What an encoder can say of colours in its stream; measured (the table test of colour tags holds it). */
export interface TagAbilities {
  /** Primaries that it cannot mark. */
  readonly lostPrimaries: readonly string[];
  /** Matrices that it cannot mark: samples go through another. */
  readonly lostMatrices: readonly string[];
  /** Places of chroma that it can mark; else chroma is put where players expect it. */
  readonly chromaLocations: readonly string[];
}

export const ALL_CHROMA_LOCATIONS: readonly string[] = ['left', 'center', 'topleft', 'top', 'bottomleft', 'bottom'];

/** What the result is marked with by an encoder, and how its samples are made so that the marks are true. */
export function markable(
  { tags, ...colour }: Colour,
  abilities: TagAbilities,
  encoder: string,
): { readonly colour: Colour; readonly warnings: readonly StreamWarning[] } {
  const warnings: StreamWarning[] = [];
  const say = (message: string) => warnings.push({ code: 'colour-tags', message });
  let { matrix, primaries, chromaLocation } = tags;
  let swscaleMatrix = colour.matrix;
  let { chromaPosition } = colour;
  if (matrix !== null && abilities.lostMatrices.includes(matrix)) {
    say(
      `${encoder} cannot mark the matrix ${matrix}: the result has that of BT.601 (smpte170m), with the same colours.`,
    );
    [matrix, swscaleMatrix] = ['smpte170m', 'bt601'];
  }
  if (primaries !== null && abilities.lostPrimaries.includes(primaries)) {
    say(`${encoder} cannot mark the primaries ${primaries}: the result goes without that tag.`);
    primaries = null;
  }
  if (chromaLocation !== null && !abilities.chromaLocations.includes(chromaLocation)) {
    chromaLocation = 'left';
    chromaPosition = { horizontal: 0, vertical: 128 };
  }
  const marked: ColourTags = { ...tags, matrix, primaries, chromaLocation };
  return { colour: { ...colour, matrix: swscaleMatrix, chromaPosition, tags: marked }, warnings };
}

/** Options of an encoder that name the tags, in words that its option parser knows. */
export function colourOptions({ matrix, range, primaries, transfer, chromaLocation }: ColourTags): string[] {
  const entries = [
    ['-colorspace', matrix],
    ['-color_range', range],
    ['-color_primaries', optionName(primaries)],
    ['-color_trc', optionName(transfer, TRANSFER_OPTIONS)],
    ['-chroma_sample_location', chromaLocation],
  ] as const;
  return entries.flatMap(([option, value]) => (value === null ? [] : [option, value]));
}

/** The same for the filter that marks frames: from ffmpeg 7 on an encoder believes its frames, not its options. */
export function frameTagOptions({ range, matrix, primaries, transfer }: ColourTags): string[] {
  const entries = [
    ['range', range],
    ['colorspace', matrix],
    ['color_primaries', optionName(primaries)],
    ['color_trc', optionName(transfer)],
  ] as const;
  return entries.flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]));
}

/** ffprobe prints names that options know by another: of transfers by their gamma, of primaries by an older norm. */
const TRANSFER_OPTIONS: Readonly<Record<string, string>> = { bt470m: 'gamma22', bt470bg: 'gamma28' };
const PRIMARIES_OPTIONS: Readonly<Record<string, string>> = { ebu3213: 'jedec-p22' };

function optionName(value: string | null, names = PRIMARIES_OPTIONS): string | null {
  return value === null ? null : (names[value] ?? value);
}
