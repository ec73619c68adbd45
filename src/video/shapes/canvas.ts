import type { Size } from '../../core/pixels/geometry.ts';
import { type Rational, toSeconds } from '../rational.ts';

/** What makes all pictures of a film alike and upright, before anything else. Plain data: ffmpeg filters. */
export interface ShapeCanvas {
  readonly filters: readonly string[];
  /** The same where a frame holds two fields, which are scaled each for itself (if their chroma has whole lines). */
  readonly filtersOfFields: readonly string[];
}

/** From a time on, in ticks. */
interface TimedAspect {
  readonly startTicks: number;
  readonly size: Size;
  readonly sampleAspectRatio: Rational;
}

export interface CanvasSpec {
  /** As coded: before rotation. */
  readonly size: Size;
  readonly sampleAspectRatio: Rational;
  /** Of all pictures, in their order: sizes tell themselves in the frames, shapes of pixels do not from ffmpeg 7 on. */
  readonly pictures: readonly TimedAspect[];
  readonly pixelFormat: string;
  readonly hasAlpha: boolean;
  /** swscale's matrix and range, where those of the pictures differ; null: they stay as they are. */
  readonly colour: { readonly matrix: string; readonly range: 'tv' | 'pc' } | null;
  readonly timeBase: Rational;
  /** What turns a picture upright. */
  readonly turn: readonly string[];
}

/**
 * A picture is scaled by the factor that makes it as large as fits with its shape kept, to even sizes, and centred on
 * black. One that has the canvas's shape passes without a change: its sizes come out as they are, and both filters do
 * nothing then.
 */
export function planCanvas(spec: CanvasSpec): ShapeCanvas {
  const hasWholeFields = [spec, ...spec.pictures].every(({ size }) => size.height % 4 === 0);
  return { filters: filtersFor(spec, false), filtersOfFields: filtersFor(spec, hasWholeFields) };
}

function filtersFor(spec: CanvasSpec, areFields: boolean): readonly string[] {
  const { width, height } = spec.size;
  const { num, den } = spec.sampleAspectRatio;
  // Widths as shown, in the canvas's height: iw * sar / ih against width * num / den / height.
  const aspect = `st(0,${aspectExpression(spec)});st(0,ld(0)+not(ld(0)))`;
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

/** By size, and by time where pictures of one size have several; 0 for a size that was not found before. */
function aspectExpression({ pictures, timeBase }: CanvasSpec): string {
  const sizes = new Map(
    pictures.map(({ size: { width, height } }) => [`eq(iw,${width})*eq(ih,${height})`, { width, height }]),
  );
  const terms = [...sizes].map(([isSize, { width, height }]) => {
    const ofSize = pictures.filter(({ size }) => size.width === width && size.height === height);
    return `${isSize}*(${aspectByTime(ofSize, timeBase)})`;
  });
  return terms.join('+');
}

/**
 * The first shape of a pixel, and each step to the next from its time on; half a tick before, for the arithmetic. A
 * sum, because ffmpeg nests conditions no deeper than its stack.
 */
function aspectByTime(pictures: readonly TimedAspect[], timeBase: Rational): string {
  const text = ({ sampleAspectRatio: { num, den } }: TimedAspect) => `${num}/${den}`;
  const terms = pictures.map((picture, index) => {
    const before = pictures[index - 1];
    if (before === undefined) return text(picture);
    if (text(before) === text(picture)) return null;
    const time = toSeconds(picture.startTicks - 0.5, timeBase).toFixed(6);
    return `(${text(picture)}-${text(before)})*gte(t,${time})`;
  });
  return terms.filter((term) => term !== null).join('+');
}
