import type { EncoderName } from '../settings.ts';
import type { Chroma } from '../source/colour.ts';
import { MP4_EXACT_TIMES, type OutputContainer } from '../source/containers.ts';
import type { HdrMetadata, MasteringDisplay } from '../source/hdr.ts';
import { ALL_CHROMA_LOCATIONS, type TagAbilities } from './colour-tags.ts';

export interface SegmentContainer {
  readonly muxer: string;
  readonly options: readonly string[];
  readonly extension: string;
}

/** What the samples of the result shall be. */
export interface SampleKind {
  readonly bits: 8 | 10 | 16;
  readonly chroma: Chroma;
  readonly alpha: boolean;
}

/** How a picture is to be coded. */
export interface Coding {
  /** 0..100. */
  readonly quality: number;
  readonly lossless: boolean;
  readonly threads: number;
  readonly kind: SampleKind;
  readonly hdr: HdrMetadata | null;
  /** Allowed parameters of the user's, for the encoder's own string. */
  readonly params: readonly string[];
}

export interface EncoderRow extends TagAbilities {
  /** ffmpeg's name, where ours is another. */
  readonly codec?: string;
  readonly containers: readonly OutputContainer['name'][];
  readonly needsEvenSize: boolean;
  readonly storesFullRange: boolean;
  /** Whether it can say of itself that nothing is lost. */
  readonly isLosslessCapable: boolean;
  /** Whether it writes static HDR metadata into its stream. */
  readonly carriesHdr: boolean;
  readonly segmentContainer: SegmentContainer;
  /** What to use where this one does not run; null: nothing. */
  readonly fallback: EncoderName | null;
  /** ffmpeg's name; null where the encoder has no such format. */
  pixelFormat(kind: SampleKind): string | null;
  options(coding: Coding): readonly string[];
}

const MP4: SegmentContainer = { muxer: 'mp4', options: MP4_EXACT_TIMES, extension: '.mp4' };
const MOV: SegmentContainer = { muxer: 'mov', options: MP4_EXACT_TIMES, extension: '.mov' };
/** Times in milliseconds, but every codec, colour tags, and VP9's alpha. */
export const MKV: SegmentContainer = { muxer: 'matroska', options: [], extension: '.mkv' };

/** What most encoders can mark. */
const TAGS: TagAbilities = { lostPrimaries: [], lostMatrices: [], chromaLocations: ALL_CHROMA_LOCATIONS };

const SOFTWARE = {
  ...TAGS,
  storesFullRange: true,
  isLosslessCapable: true,
  carriesHdr: false,
  segmentContainer: MP4,
  fallback: null,
};

/** Frames that each stand for themselves, without loss. */
const PICTURES = { ...SOFTWARE, needsEvenSize: false, segmentContainer: MOV };

export const ENCODERS: Readonly<Record<EncoderName, EncoderRow>> = {
  libx264: {
    ...SOFTWARE,
    containers: ['mp4', 'mkv', 'mov'],
    lostPrimaries: ['ebu3213'],
    needsEvenSize: true,
    pixelFormat: planarWithoutAlpha,
    options: ({ quality, lossless, params }) => [
      ...['-preset', 'medium', ...(lossless ? ['-qp', '0'] : ['-crf', rate(quality, 46, 4)])],
      ...paramString('-x264-params', params),
    ],
  },
  libx265: {
    ...SOFTWARE,
    containers: ['mp4', 'mkv', 'mov'],
    lostPrimaries: ['ebu3213'],
    needsEvenSize: true,
    carriesHdr: true,
    pixelFormat: planarWithoutAlpha,
    options: ({ quality, lossless, threads, hdr, params }) => [
      ...['-preset', 'medium', '-tag:v', 'hvc1', ...(lossless ? [] : ['-crf', rate(quality, 46, 6)])],
      // Its thread pools follow the machine unless told otherwise, and its log ignores ffmpeg's level.
      ...paramString('-x265-params', [
        ...['log-level=error', `pools=${threads}`, `frame-threads=${Math.min(threads, 4)}`],
        ...(lossless ? ['lossless=1'] : []),
        ...(hdr?.mastering ? [`master-display=${masteringOf(hdr.mastering, 50_000, 10_000)}`] : []),
        ...(hdr?.light ? [`max-cll=${hdr.light.maxContent},${hdr.light.maxAverage}`] : []),
        ...params,
      ]),
    ],
  },
  libsvtav1: {
    ...SOFTWARE,
    containers: ['mkv', 'mp4', 'webm'],
    chromaLocations: ['left', 'topleft'],
    needsEvenSize: true,
    isLosslessCapable: false,
    carriesHdr: true,
    pixelFormat: ({ bits, chroma, alpha }) => (chroma === '420' && !alpha ? planar(bits, chroma) : null),
    options: ({ quality, threads, hdr, params }) => [
      ...['-preset', '6', '-crf', rate(quality, 60, 10)],
      ...paramString('-svtav1-params', [
        `lp=${threads}`,
        ...(hdr?.mastering ? [`mastering-display=${masteringOf(hdr.mastering, 1, 1)}`] : []),
        ...(hdr?.light ? [`content-light=${hdr.light.maxContent},${hdr.light.maxAverage}`] : []),
        ...params,
      ]),
    ],
  },
  'libaom-av1': {
    ...SOFTWARE,
    containers: ['mkv', 'mp4', 'webm'],
    chromaLocations: [],
    needsEvenSize: false,
    pixelFormat: planarWithoutAlpha,
    options: ({ quality, lossless }) => [
      ...['-cpu-used', '6', '-row-mt', '1', '-b:v', '0'],
      ...(lossless ? ['-crf', '0', '-aom-params', 'lossless=1'] : ['-crf', rate(quality, 60, 8)]),
    ],
  },
  'libvpx-vp9': {
    ...SOFTWARE,
    containers: ['webm', 'mkv', 'mp4'],
    lostMatrices: ['fcc'],
    chromaLocations: [],
    needsEvenSize: false,
    pixelFormat: ({ bits, chroma, alpha }) => {
      if (alpha) return bits === 8 && chroma === '420' ? 'yuva420p' : null;
      return planar(bits, chroma);
    },
    options: ({ quality, lossless, kind }) => [
      ...['-deadline', 'good', '-cpu-used', '4', '-row-mt', '1', '-b:v', '0'],
      ...(lossless ? ['-lossless', '1'] : ['-crf', rate(quality, 60, 8)]),
      // The alpha's own encoder must hide no frames, or the two go apart.
      ...(kind.alpha ? ['-auto-alt-ref', '0'] : []),
    ],
  },
  prores_ks: {
    ...SOFTWARE,
    containers: ['mov', 'mkv'],
    chromaLocations: [],
    needsEvenSize: true,
    storesFullRange: false,
    isLosslessCapable: false,
    segmentContainer: MOV,
    pixelFormat: ({ bits, chroma, alpha }) => {
      if (bits !== 10 || chroma === '420') return null;
      if (alpha) return 'yuva444p10le';
      return planar(10, chroma);
    },
    // Profiles proxy, LT, standard, HQ by quality; 4444 is one of its own.
    options: ({ quality, kind }) => {
      const profile = kind.chroma === '444' || kind.alpha ? 4 : Math.min(3, Math.floor(quality / 25));
      return ['-profile:v', `${profile}`, '-vendor', 'apl0'];
    },
  },
  ffv1: {
    ...SOFTWARE,
    containers: ['mkv'],
    // Matroska marks chroma in its own numbers, which have no place below.
    chromaLocations: ['left', 'center', 'topleft', 'top'],
    needsEvenSize: false,
    segmentContainer: MKV,
    pixelFormat: ({ bits, chroma, alpha }) =>
      alpha ? (planar(bits, chroma)?.replace('yuv', 'yuva') ?? null) : planar(bits, chroma),
    // Rice coder and the small context: half the time of the range coder at the same size on noisy film.
    options: () => ['-level', '3', '-coder', '0', '-context', '0', '-g', '1', '-slices', '4', '-slicecrc', '1'],
  },
  png: {
    ...PICTURES,
    containers: ['png'],
    pixelFormat: (kind) => packedRgb(kind, 'be'),
    // Half the time of zlib's usual level for a few percent more.
    options: () => ['-pred', 'mixed', '-compression_level', '4'],
  },
  tiff: {
    ...PICTURES,
    containers: ['tiff'],
    pixelFormat: (kind) => packedRgb(kind, 'le'),
    options: () => ['-compression_algo', 'deflate'],
  },
  y4m: {
    ...PICTURES,
    codec: 'wrapped_avframe',
    chromaLocations: ['left', 'center', 'topleft'],
    containers: ['y4m'],
    segmentContainer: { muxer: 'yuv4mpegpipe', options: ['-strict', '-1'], extension: '.y4m' },
    pixelFormat: ({ bits, chroma, alpha }) => (alpha || bits === 16 ? null : planar(bits, chroma)),
    options: () => [],
  },
  h264_nvenc: hardware('libx264', ['mp4', 'mkv', 'mov'], ['yuv420p'], nvencRate),
  hevc_nvenc: hardware('libx265', ['mp4', 'mkv', 'mov'], ['yuv420p', 'p010le'], nvencRate),
  av1_nvenc: hardware('libsvtav1', ['mkv', 'mp4', 'webm'], ['yuv420p', 'p010le'], nvencRate),
  h264_qsv: hardware('libx264', ['mp4', 'mkv', 'mov'], ['nv12'], (quality) => [
    '-global_quality',
    rate(quality, 46, 4),
  ]),
  hevc_qsv: hardware('libx265', ['mp4', 'mkv', 'mov'], ['nv12', 'p010le'], (quality) => [
    '-global_quality',
    rate(quality, 46, 6),
  ]),
  // VideoToolbox's own scale is 1..100, better upwards.
  h264_videotoolbox: hardware('libx264', ['mp4', 'mkv', 'mov'], ['yuv420p'], (quality) => [
    '-q:v',
    rate(quality, 10, 95),
  ]),
  hevc_videotoolbox: hardware('libx265', ['mp4', 'mkv', 'mov'], ['yuv420p', 'p010le'], (quality) => [
    '-q:v',
    rate(quality, 10, 95),
  ]),
};

function nvencRate(quality: number): string[] {
  return ['-rc', 'vbr', '-b:v', '0', '-cq', rate(quality, 46, 6)];
}

/** @param formats 8 bits and, where it can, 10 bits. */
function hardware(
  fallback: EncoderName,
  containers: EncoderRow['containers'],
  [eight, ten]: readonly [string, string?],
  rateOptions: (quality: number) => readonly string[],
): EncoderRow {
  return {
    ...TAGS,
    chromaLocations: [],
    containers,
    fallback,
    segmentContainer: MP4,
    needsEvenSize: true,
    storesFullRange: true,
    isLosslessCapable: false,
    carriesHdr: false,
    pixelFormat: ({ bits, chroma, alpha }) =>
      chroma !== '420' || alpha || bits === 16 ? null : bits === 8 ? eight : (ten ?? null),
    options: ({ quality }) => [...rateOptions(quality), ...(fallback === 'libx265' ? ['-tag:v', 'hvc1'] : [])],
  };
}

function planarWithoutAlpha({ bits, chroma, alpha }: SampleKind): string | null {
  return alpha ? null : planar(bits, chroma);
}

function planar(bits: SampleKind['bits'], chroma: Chroma): string | null {
  return bits === 16 ? null : `yuv${chroma}p${bits === 10 ? '10le' : ''}`;
}

function packedRgb({ bits, alpha }: SampleKind, byteOrder: 'le' | 'be'): string {
  if (bits === 8) return alpha ? 'rgba' : 'rgb24';
  return `${alpha ? 'rgba64' : 'rgb48'}${byteOrder}`;
}

/** Linear from the worst to the best rate factor of an encoder. */
function rate(quality: number, worst: number, best: number): string {
  return String(Math.round(worst + ((best - worst) * quality) / 100));
}

function paramString(option: string, params: readonly string[]): string[] {
  return params.length === 0 ? [] : [option, params.join(':')];
}

/** @param placeUnits per 1 of chromaticity. @param lightUnits per candela. */
function masteringOf(display: MasteringDisplay, placeUnits: number, lightUnits: number): string {
  const number = (value: number, units: number) => (units === 1 ? value.toFixed(5) : String(Math.round(value * units)));
  const place = ([x, y]: readonly [number, number]) => `(${number(x, placeUnits)},${number(y, placeUnits)})`;
  const light = `(${number(display.maxLuminance, lightUnits)},${number(display.minLuminance, lightUnits)})`;
  const { green, blue, red, white } = display;
  return `G${place(green)}B${place(blue)}R${place(red)}WP${place(white)}L${light}`;
}
