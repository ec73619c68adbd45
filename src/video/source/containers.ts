import { extname } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { isSequenceName } from '../../core/files/sequence-name.ts';

/**
 * Demuxers that upreel lets ffmpeg use: containers that hold their own data. Left out on purpose are all that follow
 * names to other files or hosts (hls, dash, concat, sdp, image2 patterns, avisynth, lavfi), because any of them can
 * hide behind a name like clip.mp4.
 */
export const INPUT_FORMATS = [
  ...['matroska', 'webm', 'mov', 'mp4', 'm4a', '3gp', '3g2', 'mj2', 'avi', 'mpegts', 'mpeg', 'flv', 'gif', 'apng'],
  ...['yuv4mpegpipe', 'asf', 'ogg', 'nut', 'ivf', 'mxf', 'dv', 'rm', 'wtv', 'h264', 'hevc', 'mpegvideo', 'm4v'],
] as const;

/** Of sound alone, for `--sound`: these hold their own data, too. */
export const SOUND_FORMATS = [
  ...['wav', 'w64', 'rf64', 'aiff', 'flac', 'mp3', 'aac', 'caf', 'ac3', 'eac3', 'dts', 'dtshd', 'truehd', 'mlp', 'au'],
  ...['amr', 'ape', 'wv', 'tta', 'tak', 'voc', 'loas'],
] as const;

/** Formats whose clock starts anywhere (a broadcast's): their times are moved so that the first stream starts at 0. */
export const FORMATS_WITHOUT_ORIGIN: readonly string[] = ['mpegts', 'mpeg'];

/** Their times may jump, which ffmpeg corrects in its own way (time-offset.ts). */
export const FORMATS_THAT_JUMP: readonly string[] = [...FORMATS_WITHOUT_ORIGIN, 'ogg'];

/** Elementary streams carry no times: frames follow each other at the stream's frame rate. */
const FORMATS_WITHOUT_TIMES: readonly string[] = ['h264', 'hevc', 'mpegvideo', 'm4v'];

/** @param formatName ffmpeg's, all aliases. */
export function hasNoTimes(formatName: string): boolean {
  return formatName.split(',').some((name) => FORMATS_WITHOUT_TIMES.includes(name));
}

/** WebM is a part of it. */
export function isMatroska({ name }: OutputContainer): boolean {
  return name === 'mkv' || name === 'webm';
}

export interface OutputContainer {
  readonly name: 'mkv' | 'mp4' | 'mov' | 'webm' | 'png' | 'tiff' | 'y4m';
  /** What it holds: a film with its streams, or nothing but pictures (numbered files, or Y4M in a pipe). */
  readonly holds: 'film' | 'pictures';
  /** ffmpeg's name of the muxer. */
  readonly muxer: string;
  readonly muxerOptions: readonly string[];
  /** Codecs (ffmpeg's names) whose packets can be copied into it and read back (measured). */
  readonly audioCodecs: readonly string[];
  /** Whether others may be tried, of which it is not known that they come back wrong; rehearse.ts looks. */
  readonly triesOtherSound: boolean;
  readonly subtitleCodecs: readonly string[];
  /** What a text subtitle of another kind is rewritten as. */
  readonly textSubtitleCodec: string;
  readonly attachments: boolean;
  readonly coverArt: boolean;
  readonly extraVideo: boolean;
  /** Tags of the film that its muxer stores (measured); null: all. */
  readonly tags: readonly string[] | null;
}

/** Edit lists (a late start, priming) count in this unit; the usual milliseconds would round them. */
export const MP4_EXACT_TIMES: readonly string[] = ['-movie_timescale', '90000'];

const MP4_AUDIO = ['aac', 'mp3', 'mp2', 'ac3', 'eac3', 'alac', 'opus', 'flac', 'dts', 'vorbis'];
const MOV_TAGS = [
  ...['title', 'artist', 'album', 'comment', 'copyright', 'creation_time', 'date', 'encoder', 'genre', 'location'],
];
const MP4_TAGS = [
  ...[...MOV_TAGS, 'album_artist', 'compilation', 'composer', 'description', 'disc', 'episode_id', 'episode_sort'],
  ...['gapless_playback', 'grouping', 'hd_video', 'keywords', 'lyrics', 'media_type', 'network', 'season_number'],
  ...['show', 'synopsis', 'track'],
];
const PCM = (...kinds: string[]) => kinds.map((kind) => `pcm_${kind}`);
const MOV_AUDIO = [
  ...MP4_AUDIO.filter((codec) => !['opus', 'flac', 'vorbis'].includes(codec)),
  ...['amr_nb', 'amr_wb', 'adpcm_ima_qt', 'qdm2'],
  ...PCM('s16le', 's16be', 's24le', 's24be', 's32le', 's32be', 'f32le', 'f32be', 'f64le', 'f64be', 'u8', 's8'),
  ...PCM('alaw', 'mulaw'),
];
const MATROSKA_AUDIO = [
  ...MP4_AUDIO,
  ...['truehd', 'mlp', 'wavpack', 'mp1', 'wmav1', 'wmav2', 'wmapro', 'wmalossless', 'amr_nb', 'amr_wb'],
  ...['adpcm_ima_wav', 'adpcm_ms', 'adpcm_yamaha', 'adpcm_g722', 'adpcm_g726', 'gsm_ms', 'g723_1', 'speex'],
  ...['ra_144', 'ra_288', 'cook', 'sipr', 'atrac3'],
  ...PCM('s16le', 's16be', 's24le', 's24be', 's32le', 's32be', 's64le', 'f32le', 'f64le', 'u8', 'alaw', 'mulaw'),
];
/**
 * Taken by a muxer, and afterwards nothing can tell what they are, or decode them to their end (TTA's last frame, as
 * ffmpeg 5.1 copies it).
 */
export const NEVER_COPIED: readonly string[] = [
  'unknown',
  'adpcm_swf',
  'adpcm_ima_qt',
  'nellymoser',
  'gsm',
  's302m',
  'tta',
];

const CONTAINERS: Readonly<Record<OutputContainer['name'], OutputContainer>> = {
  mkv: {
    name: 'mkv',
    holds: 'film',
    muxer: 'matroska',
    muxerOptions: ['-default_mode', 'passthrough'],
    audioCodecs: MATROSKA_AUDIO,
    triesOtherSound: true,
    subtitleCodecs: ['subrip', 'ass', 'ssa', 'webvtt', 'dvd_subtitle', 'hdmv_pgs_subtitle', 'dvb_subtitle', 'text'],
    textSubtitleCodec: 'subrip',
    attachments: true,
    coverArt: true,
    extraVideo: true,
    tags: null,
  },
  mp4: {
    name: 'mp4',
    holds: 'film',
    muxer: 'mp4',
    // ffmpeg 5.1 wants to be asked for FLAC in MP4.
    muxerOptions: [...MP4_EXACT_TIMES, '-movflags', '+faststart', '-strict', 'experimental'],
    audioCodecs: MP4_AUDIO,
    triesOtherSound: false,
    subtitleCodecs: ['mov_text', 'dvd_subtitle'],
    textSubtitleCodec: 'mov_text',
    attachments: false,
    coverArt: true,
    extraVideo: true,
    tags: MP4_TAGS,
  },
  mov: {
    name: 'mov',
    holds: 'film',
    muxer: 'mov',
    muxerOptions: [...MP4_EXACT_TIMES, '-movflags', '+faststart'],
    audioCodecs: MOV_AUDIO,
    triesOtherSound: false,
    subtitleCodecs: ['mov_text'],
    textSubtitleCodec: 'mov_text',
    attachments: false,
    coverArt: false,
    extraVideo: true,
    tags: [...MOV_TAGS, 'make', 'model'],
  },
  webm: {
    name: 'webm',
    holds: 'film',
    muxer: 'webm',
    muxerOptions: ['-default_mode', 'passthrough'],
    audioCodecs: ['opus', 'vorbis'],
    triesOtherSound: false,
    subtitleCodecs: ['webvtt'],
    textSubtitleCodec: 'webvtt',
    attachments: false,
    coverArt: false,
    extraVideo: false,
    tags: null,
  },
  png: picturesOnly('png', 'image2'),
  tiff: picturesOnly('tiff', 'image2'),
  y4m: picturesOnly('y4m', 'yuv4mpegpipe'),
};

function picturesOnly(name: 'png' | 'tiff' | 'y4m', muxer: string): OutputContainer {
  return {
    name,
    holds: 'pictures',
    muxer,
    muxerOptions: [],
    audioCodecs: [],
    subtitleCodecs: [],
    triesOtherSound: false,
    textSubtitleCodec: '',
    attachments: false,
    coverArt: false,
    extraVideo: false,
    tags: null,
  };
}

const EXTENSIONS: Readonly<Record<string, OutputContainer['name']>> = {
  '.mkv': 'mkv',
  '.mp4': 'mp4',
  '.m4v': 'mp4',
  '.mov': 'mov',
  '.webm': 'webm',
};

/** What animated pictures become, with their own times and transparency, and films do not. */
const ANIMATIONS = new Set(['.gif', '.apng', '.webp', '.avif', '.avifs']);

/** The name that means standard input, or standard output. */
export const STANDARD_STREAM = '-';

/** @throws UpreelError `usage` for an extension that upreel does not write. */
export function containerFor(output: string): OutputContainer {
  if (output === STANDARD_STREAM) return CONTAINERS.y4m;
  if (isSequenceName(output)) return extname(output).toLowerCase() === '.png' ? CONTAINERS.png : CONTAINERS.tiff;
  const extension = extname(output).toLowerCase();
  const name = EXTENSIONS[extension];
  if (name !== undefined) return CONTAINERS[name];
  if (ANIMATIONS.has(extension)) {
    throw new UpreelError('usage', `upreel makes no ${extension} of a film: ${output}.`, {
      hint: `Let the name end in .mkv or .mp4; or make a short film an animation first (ffmpeg -i clip.mp4 clip.apng), which becomes a ${extension}.`,
    });
  }
  throw new UpreelError('usage', `Expected the name of a video that upreel can write, got ${JSON.stringify(output)}.`, {
    hint: `End the name with one of ${Object.keys(EXTENSIONS).join(', ')}, or name pictures such as frames/%06d.png.`,
  });
}
