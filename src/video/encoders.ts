import { UpreelError } from '../core/errors.ts';
import { MP4_EXACT_TIMES, type OutputContainer } from './containers.ts';
import { listEncoders } from './ffmpeg.ts';
import { ENCODER_NAMES, type EncoderName, type VideoSettings } from './settings.ts';
import type { VideoStream } from './video-info.ts';

/** One encoder with everything decided. */
export interface EncoderPlan {
  readonly name: EncoderName;
  readonly pixelFormat: string;
  readonly options: readonly string[];
  /** Width and height must be even: odd results get their last column or row twice. */
  readonly needsEvenSize: boolean;
  /** Whether it can store full-range samples; if not they are converted. */
  readonly storesFullRange: boolean;
  /** Container of the work files: one that keeps this codec's times and tags. */
  readonly segmentContainer: {
    readonly muxer: string;
    readonly options: readonly string[];
    readonly extension: string;
  };
}

/** @throws UpreelError `usage` if the container cannot hold the encoder's stream. */
export function planEncoder(settings: VideoSettings, source: VideoStream, container: OutputContainer): EncoderPlan {
  const isDeep = source.bitsPerSample > 8;
  const name = settings.encoder === 'auto' ? chooseEncoder(container, isDeep) : settings.encoder;
  const entry = ENCODERS[name];
  if (!entry.containers.includes(container.name)) {
    const fitting = (Object.keys(ENCODERS) as EncoderName[]).filter((other) =>
      ENCODERS[other].containers.includes(container.name),
    );
    throw new UpreelError('usage', `A .${container.name} file cannot hold what the encoder ${name} writes.`, {
      hint: `Use one of ${fitting.join(', ')}, or an output ending in .${entry.containers[0]}.`,
    });
  }
  return {
    name,
    pixelFormat: entry.pixelFormat(isDeep, subsamplingOf(source.pixelFormat)),
    options: [
      '-c:v',
      name,
      '-threads',
      `${settings.encoderThreads}`,
      ...entry.options(settings.quality, settings.encoderThreads),
    ],
    needsEvenSize: entry.needsEvenSize,
    storesFullRange: entry.storesFullRange,
    segmentContainer: entry.segmentContainer,
  };
}

/** @throws UpreelError `usage` if this ffmpeg was built without the encoder. */
export async function checkEncoder(name: EncoderName, signal: AbortSignal): Promise<void> {
  const available = await listEncoders(signal);
  if (available.has(name)) return;
  const others = ENCODER_NAMES.filter((other) => available.has(other));
  throw new UpreelError('usage', `This ffmpeg has no encoder ${name}.`, {
    hint: `Install a fuller ffmpeg, or choose one of ${others.join(', ')} with --encoder.`,
  });
}

function chooseEncoder(container: OutputContainer, isDeep: boolean): EncoderName {
  if (container.name === 'webm') return 'libvpx-vp9';
  return isDeep ? 'libx265' : 'libx264';
}

interface Encoder {
  readonly containers: readonly OutputContainer['name'][];
  readonly needsEvenSize: boolean;
  readonly storesFullRange: boolean;
  readonly segmentContainer: EncoderPlan['segmentContainer'];
  pixelFormat(isDeep: boolean, subsampling: Subsampling): string;
  options(quality: number, threads: number): readonly string[];
}

const MP4 = { muxer: 'mp4', options: MP4_EXACT_TIMES, extension: '.mp4' };
const MOV = { muxer: 'mov', options: MP4_EXACT_TIMES, extension: '.mov' };
/** Times in milliseconds, but every codec and the colour tags. */
const MKV = { muxer: 'matroska', options: [], extension: '.mkv' };
const yuv420 = (isDeep: boolean) => (isDeep ? 'yuv420p10le' : 'yuv420p');

const ENCODERS: Readonly<Record<EncoderName, Encoder>> = {
  libx264: {
    containers: ['mp4', 'mkv', 'mov'],
    needsEvenSize: true,
    storesFullRange: true,
    segmentContainer: MP4,
    pixelFormat: yuv420,
    options: (quality) => ['-preset', 'medium', '-crf', crf(quality, 46, 4)],
  },
  libx265: {
    containers: ['mp4', 'mkv', 'mov'],
    needsEvenSize: true,
    storesFullRange: true,
    segmentContainer: MP4,
    pixelFormat: yuv420,
    options: (quality, threads) => [
      ...['-preset', 'medium', '-crf', crf(quality, 46, 6), '-tag:v', 'hvc1'],
      // Its thread pools follow the machine unless told otherwise, and its log ignores ffmpeg's level.
      ...['-x265-params', `log-level=error:pools=${threads}:frame-threads=${Math.min(threads, 4)}`],
    ],
  },
  libsvtav1: {
    containers: ['mkv', 'mp4', 'webm'],
    needsEvenSize: true,
    storesFullRange: true,
    segmentContainer: MP4,
    pixelFormat: yuv420,
    options: (quality, threads) => ['-preset', '6', '-crf', crf(quality, 60, 10), '-svtav1-params', `lp=${threads}`],
  },
  'libaom-av1': {
    containers: ['mkv', 'mp4', 'webm'],
    needsEvenSize: false,
    storesFullRange: true,
    segmentContainer: MP4,
    pixelFormat: yuv420,
    options: (quality) => ['-cpu-used', '6', '-row-mt', '1', '-crf', crf(quality, 60, 8), '-b:v', '0'],
  },
  'libvpx-vp9': {
    containers: ['webm', 'mkv', 'mp4'],
    needsEvenSize: false,
    storesFullRange: true,
    segmentContainer: MP4,
    pixelFormat: yuv420,
    options: (quality) => [
      '-deadline',
      'good',
      '-cpu-used',
      '4',
      '-row-mt',
      '1',
      '-crf',
      crf(quality, 60, 8),
      '-b:v',
      '0',
    ],
  },
  prores_ks: {
    containers: ['mov', 'mkv'],
    needsEvenSize: true,
    storesFullRange: false,
    segmentContainer: MOV,
    pixelFormat: (_isDeep, subsampling) => (subsampling === '444' ? 'yuv444p10le' : 'yuv422p10le'),
    // Profiles proxy, LT, standard, HQ by quality.
    options: (quality) => ['-profile:v', `${Math.min(3, Math.floor(quality / 25))}`, '-vendor', 'apl0'],
  },
  ffv1: {
    containers: ['mkv'],
    needsEvenSize: false,
    storesFullRange: true,
    segmentContainer: MKV,
    pixelFormat: (isDeep, subsampling) => `yuv${subsampling}p${isDeep ? '10le' : ''}`,
    // Rice coder and the small context: half the time of the range coder at the same size on noisy film.
    options: () => ['-level', '3', '-coder', '0', '-context', '0', '-g', '1', '-slices', '4', '-slicecrc', '1'],
  },
};

/** Linear from the worst to the best rate factor of an encoder. */
function crf(quality: number, worst: number, best: number): string {
  return String(Math.round(worst + ((best - worst) * quality) / 100));
}

type Subsampling = '420' | '422' | '444';

/** The nearest that loses nothing: RGB sources keep full chroma. */
function subsamplingOf(pixelFormat: string): Subsampling {
  if (/^(yuva?j?444|gbr|rgb|bgr|argb|abgr|0rgb|0bgr|pal8|x2)/.test(pixelFormat)) return '444';
  if (/^(yuva?j?422|yuyv|uyvy|p21|nv16|nv20|y210)/.test(pixelFormat)) return '422';
  return '420';
}
