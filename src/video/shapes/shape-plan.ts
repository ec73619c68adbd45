import { UpreelError } from '../../core/errors.ts';
import { rotationFilters } from '../plan/rotation.ts';
import { type Rational, toSeconds } from '../rational.ts';
import type { VideoSettings } from '../settings.ts';
import { type Colour, chromaOf, isMatrixReplaced, isRgbFormat, resolveColour } from '../source/colour.ts';
import { formatTime } from '../source/damaged-places.ts';
import { bitsPerSampleOf } from '../source/describe-stream.ts';
import type { StreamWarning } from '../source/streams.ts';
import type { TrimPlan } from '../source/trim.ts';
import type { VideoInfo, VideoStream } from '../source/video-info.ts';
import { planCanvas } from './canvas.ts';
import type { PictureShape, ShapeRun } from './picture-shape.ts';

/** The part of the film that is wanted, and its clock. */
export interface FilmPart {
  readonly trim: TrimPlan | null;
  /** Where the result's clock starts on the source's. */
  readonly originSeconds: number;
  /** When the source's last picture has been shown. */
  readonly endTicks: number;
}

export interface ShapeDecision {
  /** The source as it comes out of its canvas: `canvas` is set, and the video's size and samples are the canvas's. */
  readonly source: VideoInfo;
  readonly warnings: readonly StreamWarning[];
}

/**
 * Decides what becomes of a film whose pictures change their shape: all come onto one canvas, which has the shape that
 * most of the film's time has. Pure.
 * @returns null where nothing changes.
 * @throws UpreelError `input-unsupported` where that is not wanted, or where pictures turn.
 */
export function planShapes(
  source: VideoInfo,
  runs: readonly ShapeRun[],
  part: FilmPart,
  { shapeChange }: Pick<VideoSettings, 'shapeChange'>,
): ShapeDecision | null {
  const { video } = source;
  const differing = mergeRuns(runs);
  const shown = shownRuns(differing, part);
  const main = mostShown(shown);
  if (differing.length < 2 || main === null) return null;
  const traits = TRAITS.filter(({ of }) => differs(shown, of));
  const told = traits.length === 0 ? null : tellRuns(shown, traits, part, video.timeBase);
  if (told !== null && (shapeChange === 'refuse' || traits.includes(TURN))) throw refusal(source, told, traits);

  const shape = { ...main, pixelFormat: shown.map((run) => run.shape.pixelFormat).reduce(richer, main.pixelFormat) };
  const mixesColours = traits.includes(MATRIX) || traits.includes(RANGE);
  const { matrix, range } = colourOf(shape);
  const canvas = planCanvas({
    size: shape.size,
    sampleAspectRatio: shape.sampleAspectRatio,
    pixelFormat: shape.pixelFormat,
    pictures: shown.map((run) => ({ startTicks: run.startTicks, ...run.shape })),
    hasAlpha: video.hasAlpha,
    timeBase: video.timeBase,
    turn: rotationFilters(video.rotationDegrees),
    colour: mixesColours && !isRgbFormat(shape.pixelFormat) ? { matrix, range } : null,
  });
  if (canvas.filters.join().length > LONGEST_FILTERS) throw refusal(source, told ?? '', traits);
  const isMarkedAnew = mixesColours || traits.includes(TRANSFER);
  const upright = uprightVideo(video, isMarkedAnew ? shape : { ...shape, colour: video.colour });
  const streams = source.streams.map((stream) => (stream === video ? upright : stream));
  const warnings = told === null ? [] : [warning(`${told} ${tellCanvas(shape, traits)}`)];
  return {
    source: Object.freeze({ ...source, video: upright, streams, canvas }),
    warnings: [...warnings, ...warnOfColours(shown, mixesColours, traits.includes(TRANSFER))],
  };
}

/** Some hundred changes of the shape of pixels; Windows takes command lines of 32,767 characters. */
const LONGEST_FILTERS = 24_000;

/** Something that may differ between pictures, in words. */
interface Trait {
  /** null: not said. */
  readonly of: (shape: PictureShape) => string | null;
}

const SIZE: Trait = { of: ({ size: { width, height } }) => `${width}x${height}` };
const ASPECT: Trait = { of: ({ sampleAspectRatio: { num, den } }) => `with pixels ${num}:${den}` };
/** yuvj: the old names of full range. */
const FORMAT: Trait = { of: ({ pixelFormat }) => pixelFormat.replace(/^yuvj/, 'yuv') };
const MATRIX: Trait = { of: (shape) => `matrix ${colourOf(shape).matrix}` };
const RANGE: Trait = { of: (shape) => (colourOf(shape).range === 'pc' ? 'full range' : 'limited range') };
const TRANSFER: Trait = { of: ({ colour: { transfer } }) => `transfer ${transfer ?? 'unmarked'}` };
const TURN: Trait = {
  of: ({ rotationDegrees }) => (rotationDegrees === null ? null : `turned by ${rotationDegrees} degrees`),
};
const TRAITS = [SIZE, ASPECT, FORMAT, MATRIX, RANGE, TRANSFER, TURN];

function differs(runs: readonly ShapeRun[], of: Trait['of']): boolean {
  return new Set(runs.map(({ shape }) => of(shape)).filter((value) => value !== null)).size > 1;
}

function colourOf({ colour, size, pixelFormat }: PictureShape): Colour {
  return resolveColour(colour, size, pixelFormat);
}

/** Those that differ in something that matters here. */
function mergeRuns(runs: readonly ShapeRun[]): readonly ShapeRun[] {
  const text = ({ shape }: ShapeRun) => TRAITS.map(({ of }) => of(shape)).join();
  return runs.filter((run, index) => index === 0 || text(run) !== text(runs[index - 1]!));
}

interface ShownRun extends ShapeRun {
  readonly endTicks: number;
}

/** What is inside the part. */
function shownRuns(runs: readonly ShapeRun[], { trim, endTicks }: FilmPart): readonly ShownRun[] {
  return runs
    .map((run, index) => ({
      ...run,
      startTicks: Math.max(run.startTicks, trim?.startTicks ?? Number.NEGATIVE_INFINITY),
      endTicks: Math.min(runs[index + 1]?.startTicks ?? endTicks, trim?.endTicks ?? Number.POSITIVE_INFINITY),
    }))
    .filter((run) => run.endTicks > run.startTicks);
}

/** The shape that is shown for the longest time, all parts of it together; of two, the larger. */
function mostShown(runs: readonly ShownRun[]): PictureShape | null {
  const kinds = new Map<string, { readonly shape: PictureShape; ticks: number }>();
  for (const { shape, startTicks, endTicks } of runs) {
    const text = `${SIZE.of(shape)} ${ASPECT.of(shape)}`;
    const kind = kinds.get(text) ?? { shape, ticks: 0 };
    kind.ticks += endTicks - startTicks;
    kinds.set(text, kind);
  }
  const area = ({ size }: PictureShape) => size.width * size.height;
  const byTime = [...kinds.values()].sort((a, b) => b.ticks - a.ticks || area(b.shape) - area(a.shape));
  return byTime[0]?.shape ?? null;
}

/** The format that loses less: more bits, then more colour. */
function richer(one: string, other: string): string {
  const rank = (format: string) => 1000 * bitsPerSampleOf(format) + Number(chromaOf(format));
  return rank(other) > rank(one) ? other : one;
}

function uprightVideo(video: VideoStream, { size, sampleAspectRatio, pixelFormat, colour }: PictureShape): VideoStream {
  const isTurned = Math.abs(Math.round(video.rotationDegrees / 90)) % 2 === 1;
  return {
    ...video,
    size: isTurned ? { width: size.height, height: size.width } : size,
    sampleAspectRatio: isTurned ? { num: sampleAspectRatio.den, den: sampleAspectRatio.num } : sampleAspectRatio,
    rotationDegrees: 0,
    pixelFormat,
    bitsPerSample: bitsPerSampleOf(pixelFormat),
    colour,
  };
}

function tellRuns(
  runs: readonly ShownRun[],
  traits: readonly Trait[],
  { originSeconds }: FilmPart,
  timeBase: Rational,
): string {
  const time = ({ startTicks }: ShapeRun) => formatTime(toSeconds(startTicks, timeBase) - originSeconds);
  const told = runs.slice(0, MOST_TOLD).map((run, index) => {
    const shape = describe(run.shape, traits);
    return index === 0 ? `${shape} at first` : `${shape} from ${time(run)} on`;
  });
  const more = runs.length - told.length;
  const rest = more === 0 ? [] : [`${more} more changes up to ${time(runs.at(-1)!)}`];
  return `The picture changes within the film: ${[...told, ...rest].join('; ')}.`;
}

const MOST_TOLD = 8;

function describe(shape: PictureShape, traits: readonly Trait[]): string {
  const rest = traits.filter((trait) => trait !== SIZE && trait !== ASPECT).map(({ of }) => of(shape) ?? 'as stored');
  const geometry = [SIZE, ...(traits.includes(ASPECT) ? [ASPECT] : [])].map(({ of }) => of(shape)).join(' ');
  return [...(hasGeometry(traits) ? [geometry] : []), ...rest].join(', ');
}

function tellCanvas(shape: PictureShape, traits: readonly Trait[]): string {
  const becomes = traits.filter((trait) => trait !== TRANSFER);
  if (becomes.length === 0) return '';
  const how = hasGeometry(traits) ? ', scaled to fit and centred on black' : '';
  return `All of it becomes ${describe(shape, becomes)}${how}; --shape-change refuse ends here instead.`;
}

function hasGeometry(traits: readonly Trait[]): boolean {
  return traits.includes(SIZE) || traits.includes(ASPECT);
}

function refusal({ path }: VideoInfo, told: string, traits: readonly Trait[]): UpreelError {
  const other = traits.includes(TURN) ? '' : ', or --shape-change fit to put all of it on one canvas';
  return new UpreelError('input-unsupported', `${path}: ${told}`, { hint: `Make a part by --trim A-B${other}.` });
}

function warning(message: string): StreamWarning {
  return { code: 'shape-change', message: message.trim() };
}

/** ffmpeg takes pictures that name no matrix it has for BT.601, where matrices are told apart. */
function warnOfColours(runs: readonly ShownRun[], mixesColours: boolean, mixesTransfers: boolean): StreamWarning[] {
  const isGuessed = ({ shape }: ShownRun) => {
    const { matrix } = shape.colour;
    return (matrix === null || isMatrixReplaced(shape.colour, shape.pixelFormat)) && colourOf(shape).matrix !== 'bt601';
  };
  const guess = mixesColours && runs.some(isGuessed) ? ['Parts that name no matrix are taken for BT.601.'] : [];
  const marks = mixesTransfers ? ['Transfers are not converted: all of it is marked as most of it is.'] : [];
  return [...guess, ...marks].map(warning);
}
