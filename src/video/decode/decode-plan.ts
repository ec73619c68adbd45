import type { Feed, FfmpegPlan } from '../../core/ffmpeg/ffmpeg.ts';
import type { Rect } from '../../core/pixels/geometry.ts';
import { feedFrames, frameInput } from '../frame-files/index.ts';
import type { PicturePlan } from '../plan/picture-plan.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { Rational } from '../rational.ts';
import { type Colour, chromaOf, chromaPosition, isRgbFormat } from '../source/colour.ts';
import { hasNoTimes } from '../source/containers.ts';
import { FRAME_NAMING_FILTER } from '../source/patched-frames.ts';
import { safeInput } from '../source/safe-input.ts';
import type { VideoInfo } from '../source/video-info.ts';
import { timeOffset } from './time-offset.ts';

/**
 * What is added to all times in the pipe, because NUT has no negative ones; taken off again by the reader. In ticks of
 * the frames.
 */
export function pipeOffsetTicks({ source, picture }: Pick<VideoPlan, 'source' | 'picture'>): number {
  return (offsetSeconds(source, picture) * picture.timeBase.den) / picture.timeBase.num;
}

/**
 * The decoder: source file in, raw RGB with the frames' own times out of stdout. Fails at the first broken frame, or
 * conceals it and says so.
 * @param seekSeconds where to begin, by the source's clock; null: at its start.
 */
export function planDecode(plan: VideoPlan, seekSeconds: number | null): FfmpegPlan {
  const { source, picture, format } = plan;
  const rgb = format.bytesPerSample === 2 ? 'rgb48le' : 'rgb24';
  const onDamage = plan.concealsErrors ? CONCEALING : FAILING;
  const hardware = plan.hwaccel === null || source.frames !== undefined ? [] : ['-hwaccel', plan.hwaccel];
  const seek = source.frames === undefined ? seekOptions(seekSeconds) : [];
  const filters = [
    ...(plan.concealsErrors ? [ONE_AT_A_TIME] : []),
    ...sourceFilters(source, picture),
    ...(picture.alpha ? [stackAlpha(plan, rgb)] : toRgbFilters(plan, rgb)),
    ...(plan.concealsErrors ? [FRAME_NAMING_FILTER] : []),
  ];
  return {
    inputs: [pictureInput(source, picture, [...hardware, ...onDamage, ...seek])],
    output: {
      options: [
        ...['-map', `0:${source.video.index}`, '-vf', filters.join(','), ...timeOptions(picture)],
        ...['-c:v', 'rawvideo', '-map_metadata', '-1', '-map_chapters', '-1', '-write_index', '0', '-f', 'nut'],
      ],
      target: 'pipe:1',
    },
  };
}

/**
 * Decoders that work on several frames at once pass a frame on before they know that it is damaged (H.264: about every
 * second time).
 */
const SURELY = ['-thread_type', 'slice'];
const CONCEALING: readonly string[] = ['-loglevel', 'level+info', ...SURELY];
/** What a decoder has left over of broken pictures comes at the time of the next whole one. */
const ONE_AT_A_TIME = "select='if(isnan(prev_selected_pts),1,gt(pts,prev_selected_pts))'";
const FAILING: readonly string[] = ['-xerror', ...SURELY];

/**
 * What fills the decoder's standard input where the source's frames are a file each; null: it opens the source itself.
 * @param seekSeconds as above: then frames before it are never read.
 */
export function decoderFeed({ frames }: Pick<VideoInfo, 'frames'>, seekSeconds: number | null): Feed | null {
  if (frames === undefined) return null;
  const first = Math.floor(((seekSeconds ?? 0) * frames.rate.num) / frames.rate.den + 1e-6);
  return (input) => feedFrames(frames, Math.min(first, frames.paths.length), input);
}

/** What comes before the segment is dropped by the reader, by its exact time. */
function seekOptions(seconds: number | null): string[] {
  return seconds === null ? [] : ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', seconds.toFixed(6)];
}

function toRgbFilters({ source: { video }, sourceColour, picture }: VideoPlan, rgb: string): string[] {
  return [
    // The size is named so that a change of resolution inside the stream is scaled instead of breaking the pipe.
    scaleFilter([
      ...[`${video.size.width}:${video.size.height}`, 'flags=bicubic+accurate_rnd+full_chroma_int+bitexact'],
      ...(isRgbFormat(video.pixelFormat) ? [] : yuvOptions('in', sourceColour, video.pixelFormat)),
      'out_range=pc',
    ]),
    `format=${rgb}`,
    // On RGB, where every pixel is a place of its own.
    ...(picture.crop === null ? [] : [cropFilter(picture.crop)]),
  ];
}

/** Colour above, alpha as gray below: two pictures for the network in one frame of the pipe. */
function stackAlpha(plan: VideoPlan, rgb: string): string {
  const { picture, source } = plan;
  const { width, height } = source.video.size;
  const colour = toRgbFilters(plan, rgb).join(',');
  const gray = `scale=${width}:${height}:in_range=pc:out_range=pc:flags=bicubic+accurate_rnd+bitexact,format=${rgb}`;
  const alpha = ['alphaextract', gray, ...(picture.crop === null ? [] : [cropFilter(picture.crop)])].join(',');
  return `split[colour][clear];[colour]${colour}[above];[clear]${alpha}[below];[above][below]vstack`;
}

/**
 * The same pictures, tiny: only their times are wanted, and are listed on stdout.
 * @param concealsErrors names those that are patched among its messages, too (patched-frames.ts).
 */
export function frameListPass(
  source: VideoInfo,
  picture: PicturePlan,
  concealsErrors = false,
): { readonly plan: FfmpegPlan; readonly offsetTicks: number } {
  const [once, naming] = concealsErrors ? [[ONE_AT_A_TIME], [FRAME_NAMING_FILTER]] : [[], []];
  const filters = [...once, ...sourceFilters(source, picture), 'scale=16:16:flags=fast_bilinear', ...naming];
  const plan = {
    inputs: [pictureInput(source, picture, concealsErrors ? CONCEALING : [])],
    output: {
      options: [
        ...['-map', `0:${source.video.index}`, '-vf', filters.join(','), ...timeOptions(picture)],
        ...['-c:v', 'rawvideo', '-f', 'framecrc'],
      ],
      target: 'pipe:1',
    },
  };
  return { plan, offsetTicks: pipeOffsetTicks({ source, picture }) };
}

/** Options of swscale for the YUV side of a conversion. */
export function yuvOptions(side: 'in' | 'out', colour: Colour, pixelFormat: string): string[] {
  const { horizontal, vertical } = chromaPosition(colour, chromaOf(pixelFormat));
  return [
    ...[`${side}_color_matrix=${colour.matrix}`, `${side}_range=${colour.range}`],
    ...[`${side}_h_chr_pos=${horizontal}`, `${side}_v_chr_pos=${vertical}`],
  ];
}

export function scaleFilter(options: readonly string[]): string {
  return `scale=${options.join(':')}`;
}

function pictureInput(source: VideoInfo, { turnsByFilter, alpha }: PicturePlan, options: readonly string[]) {
  if (source.frames !== undefined) {
    const input = frameInput(source.frames);
    return { options: ['-copyts', ...options, ...input.options], source: input.source };
  }
  const input = safeInput(source.path);
  const { video, canvas } = source;
  const { frameRate } = video;
  const rate = !hasNoTimes(source.formatName) ? [] : ['-r', `${frameRate.num}/${frameRate.den}`];
  const turn = turnsByFilter || canvas !== undefined ? ['-noautorotate'] : [];
  // A graph that is made anew at every change would lose what its filters hold.
  const changes = canvas === undefined ? [] : ['-reinit_filter', '0'];
  // ffmpeg's own decoder of VP8 and VP9 leaves the alpha out.
  const decoder = alpha ? (ALPHA_DECODERS[video.codec] ?? []) : [];
  const offset = timeOffset(0, source.formatName);
  const own = [...turn, ...changes, ...decoder, ...input.options, ...rate];
  return { options: ['-copyts', ...offset, ...options, ...own], source: input.source };
}

const ALPHA_DECODERS: Readonly<Record<string, readonly string[]>> = {
  vp8: ['-c:v', 'libvpx'],
  vp9: ['-c:v', 'libvpx-vp9'],
};

function sourceFilters(source: VideoInfo, picture: PicturePlan): string[] {
  // Their clock begins at 0.
  if (source.frames !== undefined) return [...source.frames.filters, ...picture.filters];
  const { num, den } = source.video.timeBase;
  const offset = (offsetSeconds(source, picture) * den) / num;
  // A part and the offset are told in ticks; where the rate is ours, ffmpeg 7 counts in frames.
  const unit = hasNoTimes(source.formatName) ? [`settb=${num}/${den}`] : [];
  const first = [...unit, ...canvasFilters(source, picture), ...(source.formatName === 'mpeg' ? [ASCENDING] : [])];
  if (offset === 0) return [...first, ...picture.filters];
  // A part is given in the source's times, so that the offset comes after it.
  const after = picture.trim === null ? 0 : 1;
  return [...first, ...picture.filters.slice(0, after), `setpts=PTS+${offset}`, ...picture.filters.slice(after)];
}

/**
 * Few pictures of a program stream have times of their own. ffmpeg reckons the others, and in one that was cut anywhere
 * may find itself some frames ahead when the first of them comes.
 */
const ASCENDING = "setpts='if(isnan(PREV_OUTPTS),PTS,max(PTS,PREV_OUTPTS+1))'";

function canvasFilters({ canvas }: VideoInfo, { fields }: PicturePlan): readonly string[] {
  if (canvas === undefined) return [];
  return fields.kind === 'frames' ? canvas.filters : canvas.filtersOfFields;
}

/** A whole number of ticks both of the source and of the frames. */
function offsetSeconds({ video }: VideoInfo, { timeBase }: PicturePlan): number {
  const start = video.startSeconds ?? 0;
  const unit = video.timeBase.num === timeBase.num ? timeBase.num : video.timeBase.num * timeBase.num;
  return start < 0 ? unit * Math.ceil((1 - start) / unit) : 0;
}

function cropFilter({ width, height, x, y }: Rect): string {
  return `crop=${width}:${height}:${x}:${y}`;
}

/** The unit is named, because ffmpeg 7 loses the demuxer's (-1) behind filters that merge pictures. */
function timeOptions({ timeBase }: PicturePlan): string[] {
  return ['-fps_mode', 'passthrough', '-enc_time_base', formatTimeBase(timeBase)];
}

/** With a colon ffmpeg takes it as two whole numbers, with a slash as one that it rounds. */
export function formatTimeBase({ num, den }: Rational): string {
  return `${num}:${den}`;
}
