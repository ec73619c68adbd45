import { UpreelError } from '../../core/errors.ts';
import type { EncoderName, VideoSettings } from '../settings.ts';
import { chromaOf } from '../source/colour.ts';
import type { OutputContainer } from '../source/containers.ts';
import type { HdrMetadata } from '../source/hdr.ts';
import type { VideoStream } from '../source/video-info.ts';
import type { TagAbilities } from './colour-tags.ts';
import { splitEncoderOptions } from './encoder-options.ts';
import { ENCODERS, MKV, type SampleKind, type SegmentContainer } from './encoder-table.ts';

/** One encoder with everything decided. */
export interface EncoderPlan {
  readonly name: EncoderName;
  readonly pixelFormat: string;
  readonly options: readonly string[];
  /** Whether the pixels have alpha. */
  readonly alpha: boolean;
  /** Width and height must be even: odd results get their last column or row twice. */
  readonly needsEvenSize: boolean;
  /** Whether it can store full-range samples; if not they are converted. */
  readonly storesFullRange: boolean;
  /** Whether it takes the source's HDR metadata into its stream. */
  readonly carriesHdr: boolean;
  /** What it can say of colours. */
  readonly tags: TagAbilities;
  /** Container of the work files: one that keeps this codec's times and tags. */
  readonly segmentContainer: SegmentContainer;
}

/**
 * @throws UpreelError `usage` if the container cannot hold the encoder's stream, or the encoder what is asked of it.
 */
export function planEncoder(
  settings: VideoSettings,
  source: VideoStream,
  container: OutputContainer,
  hdr: HdrMetadata | null = null,
): EncoderPlan {
  const bits = bitsOf(settings, source);
  const alpha = settings.alpha === 'keep' && source.hasAlpha;
  const name = settings.encoder === 'auto' ? chooseEncoder(container, bits, alpha) : settings.encoder;
  const encoder = ENCODERS[name];
  if (!encoder.containers.includes(container.name)) throw notInContainer(name, container);
  const kind = kindFor(name, settings, source, bits, alpha);
  const pixelFormat = encoder.pixelFormat(kind);
  if (pixelFormat === null) throw notInEncoder(name, kind, container);
  if (settings.lossless && !encoder.isLosslessCapable) {
    throw new UpreelError('usage', `The encoder ${name} has no lossless mode.`, {
      hint: `Use one of ${namesThat((_, entry) => entry.isLosslessCapable && entry.containers.includes(container.name))}.`,
    });
  }
  const { quality, lossless, encoderThreads: threads, encoderOptions } = settings;
  const extra = splitEncoderOptions(name, encoderOptions);
  const { lostPrimaries, lostMatrices, chromaLocations } = encoder;
  const coding = { quality, lossless, threads, kind, hdr, params: extra.params };
  return {
    name,
    pixelFormat,
    alpha,
    options: ['-c:v', encoder.codec ?? name, '-threads', `${threads}`, ...encoder.options(coding), ...extra.options],
    needsEvenSize: encoder.needsEvenSize,
    storesFullRange: encoder.storesFullRange,
    carriesHdr: encoder.carriesHdr,
    tags: { lostPrimaries, lostMatrices, chromaLocations },
    segmentContainer: alpha && encoder.segmentContainer.muxer === 'mp4' ? MKV : encoder.segmentContainer,
  };
}

function bitsOf({ depth }: VideoSettings, source: VideoStream): SampleKind['bits'] {
  if (depth === 'auto') return source.bitsPerSample > 8 ? 10 : 8;
  return depth === '16' ? 16 : depth === '10' ? 10 : 8;
}

function chooseEncoder({ name: container }: OutputContainer, bits: SampleKind['bits'], alpha: boolean): EncoderName {
  if (container === 'png' || container === 'tiff' || container === 'y4m') return container;
  if (container === 'webm') return 'libvpx-vp9';
  if (alpha && container === 'mov') return 'prores_ks';
  if (alpha) return bits === 8 ? 'libvpx-vp9' : 'ffv1';
  return bits === 8 ? 'libx264' : 'libx265';
}

function kindFor(
  name: EncoderName,
  settings: VideoSettings,
  source: VideoStream,
  bits: SampleKind['bits'],
  alpha: boolean,
): SampleKind {
  const own = chromaOf(source.pixelFormat);
  switch (name) {
    case 'prores_ks': {
      const chroma = alpha || own === '444' ? '444' : '422';
      // It has 10 bits only; asked for 8, it says so.
      return {
        bits: settings.depth === 'auto' ? 10 : bits,
        chroma: settings.chroma === 'auto' ? chroma : settings.chroma,
        alpha,
      };
    }
    case 'ffv1':
    case 'y4m':
      return { bits, chroma: settings.chroma === 'auto' ? own : settings.chroma, alpha };
    default:
      return { bits, chroma: settings.chroma === 'auto' ? '420' : settings.chroma, alpha };
  }
}

function notInContainer(name: EncoderName, container: OutputContainer): UpreelError {
  const fitting = namesThat((_, entry) => entry.containers.includes(container.name) && entry.fallback === null);
  return new UpreelError('usage', `A .${container.name} file cannot hold what the encoder ${name} writes.`, {
    hint: `Use one of ${fitting}, or an output ending in .${ENCODERS[name].containers[0]}.`,
  });
}

function notInEncoder(name: EncoderName, kind: SampleKind, container: OutputContainer): UpreelError {
  const { bits, chroma, alpha } = kind;
  const what = `${bits} bits in ${[...chroma].join(':')}${alpha ? ' with transparency' : ''}`;
  const fitting = namesThat(
    (_, entry) => entry.pixelFormat(kind) !== null && entry.containers.includes(container.name),
  );
  return new UpreelError('usage', `The encoder ${name} cannot store ${what}.`, {
    hint:
      fitting === ''
        ? 'Choose another --depth or --chroma, or an output ending in .mkv, .mov or .webm.'
        : `Use one of ${fitting}, or another --depth or --chroma.`,
  });
}

function namesThat(fits: (name: EncoderName, entry: (typeof ENCODERS)[EncoderName]) => boolean): string {
  const names = Object.keys(ENCODERS) as EncoderName[];
  return names.filter((name) => fits(name, ENCODERS[name])).join(', ');
}
