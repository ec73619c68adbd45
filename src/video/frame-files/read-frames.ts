import { dirname, resolve } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import type { Rational } from '../rational.ts';
import type { VideoSettings } from '../settings.ts';
import { bitsPerSampleOf } from '../source/describe-stream.ts';
import { probePicture, probeSound, type SoundInfo } from '../source/probe.ts';
import type { PacketScan } from '../source/scan.ts';
import type { StreamWarning } from '../source/streams.ts';
import type { ColourTags, VideoInfo, VideoStream } from '../source/video-info.ts';
import { type CheckedFrames, checkFrames } from './check-frames.ts';
import { type FoundFrames, findFrames } from './find-frames.ts';
import type { FrameFiles } from './frame-files.ts';
import type { FrameKind, PictureHeader, PictureNote } from './picture-header.ts';

/** What the pictures are, as if a file had said it. */
interface FramesSource {
  readonly source: VideoInfo;
  readonly scan: PacketScan;
  readonly warnings: readonly StreamWarning[];
}

/** Where nothing else is said: film's. */
const DEFAULT_RATE: Rational = { num: 24, den: 1 };

/**
 * Pictures as the frames of a film: listed and checked by us, described by ffmpeg from the first of them.
 * @throws UpreelError `usage`, `input-*`, `ffmpeg-missing`.
 */
export async function readFrames(input: string, settings: VideoSettings, signal: AbortSignal): Promise<FramesSource> {
  const found = await findFrames(input, settings);
  const checked = await checkFrames(found.paths, { conceal: settings.onDecodeError === 'conceal' }, signal);
  const { header, paths } = checked;
  if (header.kind === 'exr' && header.alpha && settings.alpha === 'keep') {
    throw new UpreelError('usage', '--alpha keep does not work with EXR: its colours are multiplied with the alpha.', {
      hint: 'Leave it out, or convert the pictures to 16-bit PNG or TIFF with straight alpha first.',
    });
  }
  const first = await probePicture(paths[0]!, DEMUXERS[header.kind], signal);
  const sound = settings.sound === null ? null : await probeSound(settings.sound, signal);
  const rate = settings.fps ?? DEFAULT_RATE;
  const frames: FrameFiles = {
    paths,
    rate,
    decoder: DECODERS[header.kind],
    decoderOptions: DECODER_OPTIONS[header.kind] ?? [],
    filters: [...TURNS[header.orientation - 1]!, ...likeFilters(header, first)],
    sound: sound === null ? null : { path: sound.path, startSeconds: sound.startSeconds },
    premultiplied: header.premultiplied,
  };
  const source = describe(
    settings.frames === null ? resolve(input) : dirname(paths[0]!),
    frames,
    checked,
    first,
    sound,
  );
  const warnings = [...tellOfFrames(source, found, checked, settings.fps !== null), ...tellOfSound(source, sound)];
  return { source, scan: scanOf(paths.length, checked.bytes), warnings };
}

const DECODERS: Readonly<Record<FrameKind, string>> = {
  png: 'png',
  tiff: 'tiff',
  dpx: 'dpx',
  exr: 'exr',
  jpeg: 'mjpeg',
};
/** Of one picture each: they follow no names. */
const DEMUXERS: Readonly<Record<FrameKind, string>> = {
  png: 'png_pipe',
  tiff: 'tiff_pipe',
  dpx: 'dpx_pipe',
  exr: 'exr_pipe',
  jpeg: 'jpeg_pipe',
};
/** Linear light would leave the shadows of a film with no steps: it is coded as sRGB. */
const DECODER_OPTIONS: Partial<Record<FrameKind, readonly string[]>> = { exr: ['-apply_trc', 'iec61966_2_1'] };

/** By EXIF's number of the orientation: what makes the picture upright. */
const TURNS: readonly (readonly string[])[] = [
  [],
  ['hflip'],
  ['hflip', 'vflip'],
  ['vflip'],
  ['transpose=cclock_flip'],
  ['transpose=clock'],
  ['transpose=clock_flip'],
  ['transpose=cclock'],
];

/** Gray, palettes and RGB become one kind of RGB, so that they may stand among each other; YUV stays. */
function likeFilters(header: PictureHeader, first: VideoStream): string[] {
  const format = commonFormat(header, first);
  // Gray as pictures have it uses all values.
  return format === first.pixelFormat ? [] : [`scale=in_range=pc:out_range=pc:${EXACT},format=${format}`];
}

const EXACT = 'flags=bicubic+accurate_rnd+full_chroma_int+bitexact';

function commonFormat({ kind, bits, alpha }: PictureHeader, { pixelFormat }: VideoStream): string {
  if (kind === 'jpeg' || pixelFormat.startsWith('yuv') || pixelFormat.startsWith('uyvy')) return pixelFormat;
  const withAlpha = alpha && kind !== 'exr';
  if (bits <= 8) return withAlpha ? 'rgba' : 'rgb24';
  return withAlpha ? 'rgba64le' : 'rgb48le';
}

function describe(
  path: string,
  frames: FrameFiles,
  { header, bytes }: CheckedFrames,
  first: VideoStream,
  sound: SoundInfo | null,
): VideoInfo {
  const { rate, paths } = frames;
  const pixelFormat = commonFormat(header, first);
  const isTurned = header.orientation >= 5;
  const { width, height } = header.size;
  const video: VideoStream = {
    ...first,
    index: 0,
    tags: {},
    dispositions: ['default'],
    startSeconds: 0,
    rotationDegrees: 0,
    sideData: [],
    size: isTurned ? { width: height, height: width } : header.size,
    pixelFormat,
    bitsPerSample: Math.max(bitsPerSampleOf(pixelFormat), header.kind === 'jpeg' ? header.bits : 8),
    colour: colourOf(header, first.colour, pixelFormat),
    frameRate: rate,
    baseRate: null,
    timeBase: { num: rate.den, den: rate.num },
    declaredFrames: paths.length,
    fieldOrder: null,
    hasAlpha: header.alpha && header.kind !== 'exr',
  };
  return Object.freeze({
    path,
    fileBytes: bytes + (sound?.fileBytes ?? 0),
    formatName: 'frames',
    startSeconds: 0,
    durationSeconds: (paths.length * rate.den) / rate.num,
    tags: {},
    chapters: 0,
    timecode: null,
    video,
    streams: [video, ...(sound?.streams ?? [])],
    frames,
  });
}

function colourOf({ kind, isFullRange }: PictureHeader, said: ColourTags, pixelFormat: string): ColourTags {
  if (kind === 'exr') return { ...said, matrix: null, range: null, primaries: 'bt709', transfer: 'iec61966-2-1' };
  const range = isFullRange === null ? said.range : isFullRange ? 'pc' : 'tv';
  // "Linear" is what most writers of DPX say of any RGB, and no player would undo it well.
  const transfer = said.transfer === 'linear' ? null : said.transfer;
  return { ...said, transfer, range: pixelFormat.startsWith('rgb') ? null : range };
}

/** Every picture is a packet that stands for itself. */
function scanOf(count: number, bytes: number): PacketScan {
  const ptsTicks = Float64Array.from({ length: count }, (_, index) => index);
  return {
    packetsRead: count,
    packets: count,
    ptsTicks,
    keyTicks: ptsTicks,
    lastDurationTicks: 1,
    lastIndex: count - 1,
    endByte: 0,
    bytes,
    smallestBytes: 0,
    demuxerError: null,
  };
}

function tellOfFrames(
  { path, frames, durationSeconds }: VideoInfo,
  { range, gaps }: FoundFrames,
  { header, concealed }: CheckedFrames,
  isRateAsked: boolean,
): StreamWarning[] {
  const { paths, rate } = frames!;
  const speed = `${rate.num}${rate.den === 1 ? '' : `/${rate.den}`} frames a second`;
  const length = `${(durationSeconds ?? 0).toFixed(3)} s`;
  const film = `${range === null ? '' : `${range[0]!.toUpperCase()}${range.slice(1)}: `}${paths.length} pictures of ${path}`;
  const hint = isRateAsked ? '' : '; --fps gives another rate';
  return [
    { code: 'frames', message: `${film} are a film of ${length} at ${speed}${hint}.` },
    ...(gaps === null ? [] : [{ code: 'frames-missing', message: gaps }]),
    ...concealed.map((message) => ({ code: 'concealed', message })),
    ...notesOf(header).map((message) => ({ code: 'frames', message })),
  ];
}

function notesOf({ kind, alpha, premultiplied, notes }: PictureHeader): string[] {
  const associatedNote =
    'The colours of the TIFF pictures are multiplied with their alpha: --alpha keep divides it out, else they stay as they ' +
    'are over black.';
  const alphaNote = 'The alpha of the EXR pictures is left out: their colours stay as they are over black.';
  return [
    ...(kind === 'exr'
      ? ['EXR holds linear light: it is coded with the curve of sRGB, and what is above 1 is cut off.']
      : []),
    ...(kind === 'exr' && alpha ? [alphaNote] : []),
    ...(kind === 'tiff' && premultiplied ? [associatedNote] : []),
    ...notes.map((note) => NOTES[note]),
  ];
}

const NOTES: Readonly<Record<PictureNote, string>> = {
  'film-density': 'The DPX pictures say that they hold film density (log): it stays as it is, flat to the eye.',
  'other-primaries': 'The EXR pictures have other primaries than Rec. 709: their colours are taken as they are.',
  'more-pages': 'Some TIFF pictures have more than one page: the first is taken.',
};

function tellOfSound({ durationSeconds, frames }: VideoInfo, sound: SoundInfo | null): StreamWarning[] {
  if (sound?.durationSeconds == null || durationSeconds === null) return [];
  const difference = sound.durationSeconds - durationSeconds;
  if (Math.abs(difference) < frames!.rate.den / frames!.rate.num) return [];
  const [length, film] = [sound.durationSeconds, durationSeconds].map((seconds) => seconds.toFixed(3));
  const what = difference > 0 ? `; --trim -${film} cuts both` : '';
  return [{ code: 'sound-length', message: `The sound is ${length} s long, the pictures ${film} s${what}.` }];
}
