import type { Size } from '../../core/geometry.ts';
import { type Rational, toSeconds } from '../rational.ts';

/** What makes all pictures of a film alike and upright, before anything else. Plain data: ffmpeg filters. */
export interface Canvas {
  readonly filters: readonly string[];
  /** The same where a frame holds two fields, which are scaled each for itself (if their chroma has whole lines). */
  readonly filtersOfFields: readonly string[];
}

export interface CanvasSpec {
  /** As coded: before rotation. */
  readonly size: Size;
  readonly sampleAspectRatio: Rational;
  /** Of all pictures. */
  readonly heights: readonly number[];
  readonly pixelFormat: string;
  readonly hasAlpha: boolean;
  /** swscale's matrix and range, where those of the pictures differ; null: they stay as they are. */
  readonly colour: { readonly matrix: string; readonly range: 'tv' | 'pc' } | null;
  /** Shape of the pixels by time, in ticks, where the frames themselves do not tell it; null: they do. */
  readonly aspects: readonly { readonly startTicks: number; readonly sampleAspectRatio: Rational }[] | null;
  readonly timeBase: Rational;
  /** What turns a picture upright. */
  readonly turn: readonly string[];
}

/**
 * A picture is scaled by the factor that makes it as large as fits with its shape kept, to even sizes, and centred on
 * black. One that has the canvas's shape passes without a change: its sizes come out as they are, and both filters do
 * nothing then.
 */
export function planCanvas(spec: CanvasSpec): Canvas {
  const hasWholeFields = [spec.size.height, ...spec.heights].every((height) => height % 4 === 0);
  return { filters: filtersFor(spec, false), filtersOfFields: filtersFor(spec, hasWholeFields) };
}

function filtersFor(spec: CanvasSpec, areFields: boolean): readonly string[] {
  const { width, height } = spec.size;
  const { num, den } = spec.sampleAspectRatio;
  // Widths as shown, in the canvas's height: iw * sar / ih against width * num / den / height.
  const aspect = `st(0,${spec.aspects === null ? 'sar' : aspectByTime(spec.aspects, spec.timeBase)})`;
  const picture = `iw*ld(0)*${height}`;
  const canvas = `${width}*(${num}/${den})*ih`;
  // ffmpeg writes beyond the picture where the chroma of a field would end within a line.
  const step = areFields ? 4 : 2;
  const even = (length: string, most: number) => `max(${step},min(${most},${step}*round(${length}/${step})))`;
  const fittedWidth = `if(gte(${picture},${canvas}),${width},${even(`${picture}/(${num}/${den})/ih`, width)})`;
  const fittedHeight = `if(lte(${picture},${canvas}),${height},${even(`${canvas}/(iw*ld(0))`, height)})`;
  const colour =
    spec.colour === null
      ? ''
      : `:in_color_matrix=auto:out_color_matrix=${spec.colour.matrix}:out_range=${spec.colour.range}`;
  const flags = `flags=bicubic+accurate_rnd+full_chroma_int+bitexact${areFields ? ':interl=1' : ''}`;
  // On whole lines of both fields and their chroma.
  const top = areFields ? 'trunc((oh-ih)/8)*4' : '(oh-ih)/2';
  return [
    `scale=w='${aspect};${fittedWidth}':h='${aspect};${fittedHeight}':eval=frame${colour}:${flags}`,
    `format=${spec.pixelFormat}`,
    `pad=${width}:${height}:(ow-iw)/2:${top}:black${spec.hasAlpha ? '@0' : ''}:eval=frame`,
    `setsar=${num}/${den}`,
    // Filters that hold several frames take it for granted that all have the same layout in memory.
    'copy',
    ...spec.turn,
  ];
}

/**
 * The first shape of a pixel, and each step to the next from its time on; half a tick before, for the arithmetic. A sum,
 * because ffmpeg nests conditions no deeper than its stack.
 */
function aspectByTime(aspects: NonNullable<CanvasSpec['aspects']>, timeBase: Rational): string {
  const terms = aspects.map(({ startTicks, sampleAspectRatio: { num, den } }, index) => {
    const before = aspects[index - 1]?.sampleAspectRatio;
    if (before === undefined) return `${num}/${den}`;
    return `(${num}/${den}-${before.num}/${before.den})*gte(t,${toSeconds(startTicks - 0.5, timeBase).toFixed(6)})`;
  });
  return terms.join('+');
}
