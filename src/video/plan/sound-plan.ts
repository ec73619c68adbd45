import type { OutputContainer } from '../source/containers.ts';
import type { SoundFacts, StreamInfo } from '../source/video-info.ts';
import { isUsualLayout, layoutOf, type Placement, placeChannels } from './sound-layout.ts';

/** How a stream of sound is coded anew. */
export interface SoundConversion {
  /** ffmpeg's name of the encoder. */
  readonly encoder: string;
  /** The codec as ffprobe names it in the result. */
  readonly codec: string;
  /** Options of the encoder, as names without the dash and values. */
  readonly options: readonly (readonly [string, string])[];
  /** What puts channels in their places; null: they are. */
  readonly filter: string | null;
  /** For people: "FLAC". */
  readonly label: string;
  /** Every sample comes back as it was. */
  readonly isExact: boolean;
  /** What else changes, as clauses. */
  readonly changes: readonly string[];
}

/**
 * Ways to hold a sound that cannot be copied, best first: what was stored without loss stays so, what was not gets a
 * generous rate. Matroska takes everything exactly. The first way that this ffmpeg can go is taken (rehearse.ts). Pure.
 * @returns nothing where ffmpeg has no decoder, and for containers without sound.
 */
export function soundConversions(
  { codec, sound }: Pick<StreamInfo, 'codec' | 'sound'>,
  { name }: Pick<OutputContainer, 'name'>,
): readonly SoundConversion[] {
  if (sound === null || sound.sampleFormat === null || sound.channels === 0) return [];
  return waysInto(name, codec, sound).map((way) => withLayout(way, sound));
}

/** Some decoders (Speex) give channels of no place, which encoders refuse: they get the usual ones. */
function withLayout(way: SoundConversion, sound: SoundFacts): SoundConversion {
  const layout = sound.layout === null ? layoutOf(sound) : null;
  if (layout === null) return way;
  const placing = `aformat=channel_layouts=${layout}`;
  return { ...way, filter: way.filter === null ? placing : `${placing},${way.filter}` };
}

function waysInto(name: OutputContainer['name'], codec: string, sound: SoundFacts): readonly SoundConversion[] {
  const isLossless = isLosslessCodec(codec);
  switch (name) {
    case 'mkv':
      return exactForMatroska(sound, codec);
    case 'mov':
      return isLossless ? [...exactForMov(sound, codec), toAac(sound)] : [toAac(sound)];
    case 'mp4':
      return isLossless ? [...exactForMp4(sound), toAac(sound)] : [toAac(sound)];
    case 'webm':
      return [toOpus(sound)];
    default:
      return [];
  }
}

/** ffmpeg's names of codecs whose samples come back as they went in. */
export function isLosslessCodec(codec: string): boolean {
  return codec.startsWith('pcm_') || LOSSLESS.includes(codec);
}

const LOSSLESS = [
  ...['s302m', 'flac', 'alac', 'tta', 'wavpack', 'ape', 'tak', 'truehd', 'mlp', 'shorten', 'wmalossless'],
  ...['mp4als', 'ralf', 'sonicls'],
];

function exactForMatroska(sound: SoundFacts, codec: string): readonly SoundConversion[] {
  const flac = toFlac(sound, { kind: 'same' });
  const pcm = toPcm(sound, false);
  if (flac === null) return [pcm];
  // Matroska's PCM does not say where the channels belong.
  const isPcm = codec.startsWith('pcm_') || codec === 's302m';
  return (isPcm || !isLosslessCodec(codec)) && isUsualLayout(sound) ? [pcm, flac] : [flac, pcm];
}

function exactForMov(sound: SoundFacts, codec: string): readonly SoundConversion[] {
  const isPcm = codec.startsWith('pcm_') || codec === 's302m';
  const fitsAlac = depthOf(sound) <= 24 && ALAC_LAYOUTS.includes(layoutOf(sound) ?? '');
  const pcm = toPcm(sound, true);
  return isPcm || !fitsAlac ? [pcm] : [toAlac(sound), pcm];
}

/** PCM in MP4 came with ffmpeg 6.1; where FLAC is as exact, more players know it. */
function exactForMp4(sound: SoundFacts): readonly SoundConversion[] {
  if (depthOf(sound) <= 24 && layoutOf(sound) === '4.0') return [toAlac(sound)];
  const placement = placeChannels(sound, FLAC_LAYOUTS);
  const flac = placement.kind === 'none' ? null : toFlac(sound, placement);
  if (flac !== null) return [flac];
  const rounded = placement.kind === 'none' ? null : roundedFlac(sound, placement);
  return [toPcm(sound, true), ...(rounded === null ? [] : [rounded])];
}

/** Layouts that come back as they went in; MP4 tells FLAC's by the number of channels. */
const FLAC_LAYOUTS = ['mono', 'stereo', '3.0', 'quad', '5.0', '5.1', '6.1', '7.1'];
const ALAC_LAYOUTS = ['mono', 'stereo', '3.0', '4.0', '5.0', '5.1'];
const AAC_LAYOUTS = ['mono', 'stereo', '2.1', '3.0', '3.0(back)', '4.0', 'quad', 'quad(side)', '5.0', '5.1', '7.1'];
/** RFC 7845, 5.1.1.2: mapping family 1. */
const OPUS_LAYOUTS = ['mono', 'stereo', '3.0', 'quad', '5.0', '5.1', '6.1', '7.1'];

/** Bits that a sample needs as an integer; more than 32 stands for floating point, too. */
function depthOf({ sampleFormat, bitsPerRawSample }: SoundFacts): number {
  switch (sampleFormat?.replace(/p$/, '')) {
    case 'u8':
      return 8;
    case 's16':
      return 16;
    case 's32':
      return bitsPerRawSample > 0 && bitsPerRawSample <= 24 ? 24 : 32;
    default:
      return 64;
  }
}

function toPcm(sound: SoundFacts, isQuickTime: boolean): SoundConversion {
  const format = sound.sampleFormat?.replace(/p$/, '');
  const pcm = (kind: string, bits: string, isExact = true): SoundConversion => ({
    encoder: `pcm_${kind}`,
    codec: `pcm_${kind}`,
    options: [],
    filter: null,
    label: `PCM (${bits})`,
    isExact,
    changes: isExact ? [] : ['its 64-bit samples are rounded to 53 bits'],
  });
  if (format === 'u8') return pcm('u8', '8 bits');
  if (format === 's16') return pcm('s16le', '16 bits');
  if (format === 's32') return depthOf(sound) === 24 ? pcm('s24le', '24 bits') : pcm('s32le', '32 bits');
  if (format === 's64') return isQuickTime ? pcm('f64le', '64-bit float', false) : pcm('s64le', '64 bits');
  return format === 'dbl' ? pcm('f64le', '64-bit float') : pcm('f32le', '32-bit float');
}

/** Null where FLAC would cut samples or channels: ffmpeg 5.1 writes at most 24 bits and 8 channels. */
function toFlac(sound: SoundFacts, placement: Placement): SoundConversion | null {
  const depth = depthOf(sound);
  if (depth > 24 || sound.channels > 8 || sound.sampleRate > MOST_FLAC_RATE) return null;
  const deep = depth === 24 ? ([['bits_per_raw_sample', '24']] as const) : [];
  const options = [['sample_fmt', depth === 24 ? 's32' : 's16'], ...deep] as const;
  return { encoder: 'flac', codec: 'flac', label: 'FLAC', options, isExact: true, ...placed(placement) };
}

const MOST_FLAC_RATE = 655_350;

function roundedFlac(sound: SoundFacts, placement: Placement): SoundConversion | null {
  const flac = toFlac({ ...sound, sampleFormat: 's32', bitsPerRawSample: 24 }, placement);
  if (flac === null) return null;
  const what = depthOf(sound) === 32 ? 'its 32-bit samples are' : 'its samples are';
  const changes = [...flac.changes, `${what} rounded to 24 bits and cut at full scale`];
  return { ...flac, label: 'FLAC (24 bits)', isExact: false, changes };
}

function toAlac(sound: SoundFacts): SoundConversion {
  const isDeep = depthOf(sound) === 24;
  const options = [
    ['sample_fmt', isDeep ? 's32p' : 's16p'],
    ...(isDeep ? [['bits_per_raw_sample', '24'] as const] : []),
  ];
  return {
    encoder: 'alac',
    codec: 'alac',
    label: 'ALAC',
    filter: null,
    isExact: true,
    changes: [],
    options: options as SoundConversion['options'],
  };
}

/** 128 kbit/s a channel, as far as a frame of AAC can hold: 6144 bits a channel for 1024 samples (ISO/IEC 14496-3). */
function toAac(sound: SoundFacts): SoundConversion {
  const { channels, sampleRate } = sound;
  const rate = AAC_RATES.find((known) => known >= sampleRate) ?? 96_000;
  const kilobits = Math.floor(Math.min(128, (6 * rate) / 1024) * channels);
  const resampled = rate === sampleRate ? [] : ([['ar', `${rate}`]] as const);
  const options = [['b', `${kilobits}k`], ...resampled] as const;
  const placement = placeChannels(sound, AAC_LAYOUTS);
  const made = { encoder: 'aac', codec: 'aac', label: `AAC at ${kilobits} kbit/s`, options, isExact: false };
  return { ...made, ...placed(placement) };
}

const AAC_RATES = [
  ...[7350, 8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000],
];

/** 96 kbit/s a channel and a little for few of them; always 48 kHz (RFC 6716). */
function toOpus(sound: SoundFacts): SoundConversion {
  const placement = placeChannels(sound, OPUS_LAYOUTS);
  const mixed = sound.channels > 6 ? '7.1' : sound.channels > 2 ? '5.1' : 'stereo';
  const { filter, changes } =
    placement.kind === 'none'
      ? { filter: `aformat=channel_layouts=${mixed}`, changes: [`its channels are mixed to ${mixed}`] }
      : placed(placement);
  const channels = placement.kind === 'same' ? sound.channels : Math.max(sound.channels, 2);
  const kilobits = Math.min(96 * channels + 32, 800);
  const options = [
    ['b', `${kilobits}k`],
    ['ar', '48000'],
  ] as const;
  const label = `Opus at ${kilobits} kbit/s`;
  return { encoder: 'libopus', codec: 'opus', label, options, filter, isExact: false, changes };
}

function placed(placement: Placement): Pick<SoundConversion, 'filter' | 'changes'> {
  if (placement.kind !== 'placed') return { filter: null, changes: [] };
  const { layout, filter, silent } = placement;
  const more = silent === 0 ? '' : `, ${silent} of whose channels ${silent === 1 ? 'is' : 'are'} silent`;
  return { filter, changes: [`its layout becomes ${layout}${more}`] };
}
