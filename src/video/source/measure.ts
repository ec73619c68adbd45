import { ffmpegLines, ProgramError } from '../../core/ffmpeg/ffmpeg.ts';
import type { Rect } from '../../core/pixels/geometry.ts';
import { decoderFeed } from '../decode/decode-plan.ts';
import { frameInput } from '../frame-files/index.ts';
import type { VideoSettings } from '../settings.ts';
import { isRgbFormat } from './colour.ts';
import { hasNoTimes } from './containers.ts';
import { type FieldMeasure, type FieldMotion, mayBeFilm, movesInterlaced, needsMotion } from './field-plan.ts';
import { safeInput } from './safe-input.ts';
import type { VideoInfo, VideoStream } from './video-info.ts';

/** What samples of the decoded picture show. */
export interface PictureMeasure {
  /** null where fields make no sense: RGB, and pictures that are turned on the way. */
  readonly fields: FieldMeasure | null;
  /** Share of samples below black or above white (or colours beyond theirs) in the sample with most of them. */
  readonly outOfRangeShare: number;
  /** The smallest box around everything that is not black, after rotation; null if all was black. */
  readonly contentBox: Rect | null;
  /** No colour was seen, in these samples and in the key frames of the whole film. */
  readonly isGray: boolean;
}

/** Decodes some frames at a few places of the film. What cannot be decoded here is left to the decoder to report. */
export async function measurePicture(
  source: VideoInfo,
  { gray }: Pick<VideoSettings, 'gray'>,
  signal: AbortSignal,
): Promise<PictureMeasure> {
  const windows = planWindows(source);
  const isYuv = !isRgbFormat(source.video.pixelFormat);
  const hasFields =
    isYuv && source.frames === undefined && source.video.rotationDegrees === 0 && source.video.size.height >= 16;
  const look = new Look(source.video);
  let isCutShort = false;
  const onFailure = () => {
    isCutShort = true;
  };
  for (const start of windows) {
    const borders = `cropdetect=limit=${BLACK}:round=2:reset=0`;
    const filters = isYuv ? ['idet', 'signalstats=stat=brng', borders] : [borders, ...RGB_STATS];
    for await (const line of readMetadata(source, start, filters, signal, { onFailure })) look.read(line);
    look.endWindow();
  }
  // Of a film that ends within the one window, that was every frame.
  const hasSeenAll = windows.length === 1 && look.frames < FRAMES_PER_WINDOW && !isCutShort;
  const fields = hasFields ? await measureFields(source, windows, look, signal) : null;
  const isGray = gray === 'auto' && look.isGray && (hasSeenAll || (await isGrayThroughout(source, signal)));
  return { fields, outOfRangeShare: isYuv ? look.outOfRangeShare : 0, contentBox: look.contentBox, isGray };
}

/** Looks at key frames alone, of which every scene has one; only films that look gray so far take this time. */
async function isGrayThroughout(source: VideoInfo, signal: AbortSignal): Promise<boolean> {
  const look = new Look(source.video);
  const stats = isRgbFormat(source.video.pixelFormat) ? RGB_STATS : ['signalstats'];
  for await (const line of readMetadata(source, 0, stats, signal, { part: 'key frames' })) look.read(line);
  return look.isGray;
}

/** RGB as YUV of full resolution, where gray has neutral chroma. */
const RGB_STATS = ['format=yuv444p', 'signalstats'];

/** Of the full scale: what counts as a black border. */
const BLACK = (24 / 255).toFixed(6);
const FRAMES_PER_WINDOW = 75;

/** Seconds to seek to; 0: from the start. A black or still beginning must not decide alone. */
function planWindows({ durationSeconds, formatName, startSeconds }: VideoInfo): number[] {
  const names = formatName.split(',');
  const seeks = !hasNoTimes(formatName) && !names.some((name) => ['yuv4mpegpipe', 'gif'].includes(name));
  if (!seeks || durationSeconds === null || durationSeconds < 20) return [0];
  return [0, 0.25, 0.5, 0.75].map((share) => (share === 0 ? 0 : startSeconds + share * durationSeconds));
}

async function measureFields(
  source: VideoInfo,
  windows: readonly number[],
  { combed, smooth }: Look,
  signal: AbortSignal,
): Promise<FieldMeasure> {
  const measure = { combed, smooth, motion: null, repeatedShare: null };
  if (!needsMotion(source.video.fieldOrder, measure)) return measure;
  const motion = await measureMotion(source, windows, signal);
  const order = motion.tff > motion.bff ? 'tff' : 'bff';
  if (!movesInterlaced(motion) || !mayBeFilm(source.video)) return { ...measure, motion };
  let groups = 0;
  let repeated = 0;
  for (const start of windows) {
    const steps = await readSteps(source, start, `${MIDDLE},fieldmatch=order=${order}:combmatch=full`, signal);
    for (let index = 1; index + 5 <= steps.length; index++) {
      const sorted = steps.slice(index, index + 5).sort((a, b) => a - b);
      const middle = sorted[2] ?? 0;
      if (middle < STILL) continue;
      groups++;
      if ((sorted[0] ?? 0) < 0.3 * middle && (sorted[1] ?? 0) > 0.3 * middle) repeated++;
    }
  }
  return { ...measure, motion, repeatedShare: groups === 0 ? null : repeated / groups };
}

async function measureMotion(source: VideoInfo, windows: readonly number[], signal: AbortSignal): Promise<FieldMotion> {
  const votes = { tff: 0, bff: 0, neither: 0 };
  const inside = { tff: 0, bff: 0 };
  const between = { tff: 0, bff: 0 };
  for (const start of windows) {
    const { tff: topFirst, bff: bottomFirst } = await readFieldSteps(source, start, signal);
    for (let index = 2; index < Math.min(topFirst.length, bottomFirst.length); index += 2) {
      const [within = 0, top = 0] = topFirst.slice(index - 1, index + 1);
      const bottom = bottomFirst[index] ?? 0;
      if (top + bottom < STILL) continue;
      const vote = bottom > CLEARLY * top ? 'tff' : top > CLEARLY * bottom ? 'bff' : null;
      if (vote !== null) {
        votes[vote]++;
        inside[vote] += within;
        between[vote] += vote === 'tff' ? top : bottom;
      } else if (Math.min(top, bottom) > CLEARLY * within) votes.neither++;
    }
  }
  const order = votes.tff > votes.bff ? 'tff' : 'bff';
  return { ...votes, insideShare: between[order] === 0 ? 0 : inside[order] / between[order] };
}

/**
 * Steps of a film of each field alone, filled up to a frame without looking at its neighbours in time: as if the top
 * fields came first, and as if the bottom ones did. Both are made of one decoding; each frame is marked, so that one
 * filter can print them all.
 */
async function readFieldSteps(
  source: VideoInfo,
  start: number,
  signal: AbortSignal,
): Promise<Readonly<Record<'tff' | 'bff', readonly number[]>>> {
  const branch = (order: string) =>
    `estdif=mode=field:parity=${order}:deint=all,signalstats,metadata=add:key=order:value=${order}`;
  // Only frames that have a time are taken together.
  const both = `${MIDDLE},format=gray,setpts=N,split[a][b];[a]${branch('tff')}[c];[b]${branch('bff')}[d];[c][d]interleave`;
  const steps = { tff: [] as number[], bff: [] as number[] };
  let step = Number.NaN;
  for await (const line of readMetadata(source, start, [both], signal)) {
    step = stepOf(line) ?? step;
    const order = /^order=(tff|bff)$/.exec(line)?.[1] as 'tff' | 'bff' | undefined;
    if (order !== undefined) steps[order].push(step);
  }
  return steps;
}

/** The middle of the picture tells enough; on whole lines of both fields and their chroma. */
const MIDDLE = 'crop=min(iw\\,640):trunc(min(ih\\,360)/4)*4:(iw-ow)/2:trunc((ih-oh)/8)*4';
/** Mean difference in levels below which nothing moves. */
const STILL = 0.5;
const CLEARLY = 1.15;

/** Mean difference of each frame from the one before, in levels. */
async function readSteps(source: VideoInfo, start: number, filters: string, signal: AbortSignal): Promise<number[]> {
  const steps: number[] = [];
  for await (const line of readMetadata(source, start, [filters, 'signalstats'], signal)) {
    const step = stepOf(line);
    if (step !== null) steps.push(step);
  }
  return steps;
}

function stepOf(line: string): number | null {
  const value = /^lavfi\.signalstats\.YDIF=([\d.e-]+)/.exec(line)?.[1];
  return value === undefined ? null : Number(value);
}

async function* readMetadata(
  source: VideoInfo,
  start: number,
  filters: readonly string[],
  signal: AbortSignal,
  {
    part = 'window',
    onFailure = () => {},
  }: { readonly part?: 'window' | 'key frames'; readonly onFailure?: () => void } = {},
): AsyncGenerator<string> {
  const { path, video, frames, canvas } = source;
  const input = frames === undefined ? safeInput(path) : frameInput(frames);
  const seek = start === 0 || frames !== undefined ? [] : ['-ss', start.toFixed(3)];
  const placed = frames?.filters ?? canvas?.filtersOfFields ?? [];
  const own = [...(part === 'window' ? [`trim=end_frame=${FRAMES_PER_WINDOW}`] : []), ...placed];
  const skip = part === 'window' ? [] : ['-skip_frame', 'nokey'];
  const onCanvas = canvas === undefined ? [] : ['-copyts', '-reinit_filter', '0', '-noautorotate'];
  const plan = {
    inputs: [{ options: [...skip, ...seek, ...onCanvas, ...input.options], source: input.source }],
    output: {
      options: [
        ...['-map', `0:${video.index}`, '-fps_mode', 'passthrough'],
        ...['-vf', [...own, ...filters, 'metadata=print:file=-'].join(',')],
        ...['-f', 'null'],
      ],
      target: '-',
    },
  };
  try {
    yield* ffmpegLines(plan, signal, { feed: decoderFeed(source, start) });
  } catch (error) {
    if (!(error instanceof ProgramError) || error.wasKilled) throw error;
    onFailure();
  }
}

/** How far chroma of gray may lie beside its middle, in levels of 255: its ends, its tenths, its mean. */
const NEUTRAL_LEVELS: Readonly<Record<string, number>> = Object.fromEntries(
  ['U', 'V'].flatMap((plane) => [
    ...['MIN', 'MAX'].map((end) => [`signalstats.${plane}${end}`, 5] as const),
    ...['LOW', 'HIGH'].map((end) => [`signalstats.${plane}${end}`, 2] as const),
    [`signalstats.${plane}AVG`, 1] as const,
  ]),
);

/** Gathers what the filters print of each frame. */
class Look {
  combed = 0;
  smooth = 0;
  outOfRangeShare = 0;
  /** That were looked at so far. */
  frames = 0;
  readonly #unit: number;
  #hasColour = false;
  #windowShares: number[] = [];
  #box: { left: number; top: number; right: number; bottom: number } | null = null;

  constructor({ bitsPerSample, pixelFormat }: Pick<VideoStream, 'bitsPerSample' | 'pixelFormat'>) {
    this.#unit = isRgbFormat(pixelFormat) ? 1 : 2 ** (bitsPerSample - 8);
  }

  /** Every frame was: chroma strays by what coding leaves of gray, and not to one side. */
  get isGray(): boolean {
    return this.frames > 0 && !this.#hasColour;
  }

  read(line: string): void {
    const [, key, value] = /^lavfi\.([\w.]+)=(.+)$/.exec(line) ?? [];
    if (key === 'idet.multiple.current_frame') {
      if (value === 'progressive') this.smooth++;
      else if (value !== 'undetermined') this.combed++;
    } else if (key === 'signalstats.BRNG') {
      this.#windowShares.push(Number(value));
    } else if (key !== undefined && key in NEUTRAL_LEVELS) {
      if (key === 'signalstats.UAVG') this.frames++;
      const stray = Math.abs(Number(value) / this.#unit - 128);
      if (stray > (NEUTRAL_LEVELS[key] ?? 0)) this.#hasColour = true;
    } else if (key?.startsWith('cropdetect.')) {
      this.#readEdge(key.slice('cropdetect.'.length), Number(value));
    }
  }

  endWindow(): void {
    const sum = this.#windowShares.reduce((total, share) => total + share, 0);
    if (sum > 0) this.outOfRangeShare = Math.max(this.outOfRangeShare, sum / this.#windowShares.length);
    this.#windowShares = [];
  }

  get contentBox(): Rect | null {
    if (this.#box === null) return null;
    const { left, top, right, bottom } = this.#box;
    return right < left || bottom < top ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
  }

  #readEdge(edge: string, value: number): void {
    this.#box ??= { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    if (edge === 'x1') this.#box.left = Math.min(this.#box.left, value);
    if (edge === 'y1') this.#box.top = Math.min(this.#box.top, value);
    if (edge === 'x2') this.#box.right = Math.max(this.#box.right, value);
    if (edge === 'y2') this.#box.bottom = Math.max(this.#box.bottom, value);
  }
}
