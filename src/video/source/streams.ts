import { UpreelError } from '../../core/errors.ts';
import { type SoundConversion, soundConversions } from '../plan/sound-plan.ts';
import type { VideoSettings } from '../settings.ts';
import { NEVER_COPIED, type OutputContainer } from './containers.ts';
import { isTimecodeTag, type StreamInfo, type StreamObstacle, TIMECODE_TRACK, type VideoInfo } from './video-info.ts';

export interface StreamWarning {
  readonly code: string;
  readonly message: string;
}

/** One stream of the source that goes into the result beside the upscaled one. */
export interface CarriedStream {
  readonly source: StreamInfo;
  /** "copy", or ffmpeg's name of the encoder. */
  readonly codec: string;
  /** How sound is coded anew; null: it is copied, or is no sound. */
  readonly sound: SoundConversion | null;
  /** What to do if this ffmpeg cannot do that, best first. */
  readonly otherwise: readonly SoundConversion[];
  /** What is said of it before the work. */
  readonly warning: StreamWarning | null;
  /** Added to its times, because the muxer forgets the encoder's delay (rehearse.ts). */
  readonly delaySeconds: number;
}

/** Whether streams may be converted, must be copied, or are left out. */
export type StreamWishes = Pick<VideoSettings, 'audio' | 'subtitles'>;

export interface StreamPlan {
  /** In the source's order, other video last; null stands for the upscaled stream. */
  readonly order: readonly (CarriedStream | null)[];
  readonly warnings: readonly StreamWarning[];
}

const TEXT_SUBTITLES = [
  ...['subrip', 'ass', 'ssa', 'mov_text', 'webvtt', 'text', 'srt', 'eia_608', 'microdvd', 'sami', 'realtext'],
  ...['subviewer', 'subviewer1', 'jacosub', 'mpl2', 'pjs', 'stl', 'vplayer'],
];

/**
 * Decides what goes along: copied wherever the container allows, else converted; and says what is not as it was. Pure.
 * @throws UpreelError `usage` where something is to be copied that cannot be.
 */
export function planStreams(info: VideoInfo, container: OutputContainer, wishes: StreamWishes): StreamPlan {
  if (container.holds === 'pictures') return { order: [null], warnings: warnOfPictures(info, container, wishes) };
  const warnings: StreamWarning[] = [];
  const carried = new Map<StreamInfo, CarriedStream>();
  for (const stream of info.streams) {
    if (stream === info.video) continue;
    const wish = wishFor(stream, wishes);
    if (wish === 'none') continue;
    const outcome = planStream(stream, info, container);
    if (wish === 'copy' && outcome.codec !== 'copy') throw notCopied(stream, container);
    if (outcome.codec !== null) {
      const { codec, sound = null, otherwise = [], warning } = outcome;
      // What must be copied has no other way.
      const ways = wish === 'copy' ? [] : otherwise;
      carried.set(stream, { source: stream, codec, sound, otherwise: ways, warning, delaySeconds: 0 });
    }
    if (outcome.warning !== null) warnings.push(outcome.warning);
  }
  const first = info.streams.filter((stream) => stream === info.video || stream.kind !== 'video');
  const otherVideo = info.streams.filter((stream) => stream !== info.video && stream.kind === 'video');
  const order = [...first, ...otherVideo].flatMap((stream) => {
    const entry = carried.get(stream);
    return stream === info.video ? [null] : entry === undefined ? [] : [entry];
  });
  return { order, warnings: [...warnings, ...warnOfTags(info, container)] };
}

function warnOfTags({ tags }: VideoInfo, { name, tags: stored }: OutputContainer): StreamWarning[] {
  if (stored === null) return [];
  // "location-eng": a tag in a language.
  const isStored = (tag: string) => stored.includes(tag.toLowerCase().replace(/-[a-z]{3}$/, ''));
  const lost = Object.keys(tags)
    .filter((tag) => !isStored(tag) && !TAGS_OF_THE_FILE.test(tag) && !isTimecodeTag(tag))
    .sort();
  if (lost.length === 0) return [];
  const message = `A .${name} file cannot hold the tags ${lost.slice(0, 10).join(', ')}: they are left out.`;
  return [{ code: 'tags-dropped', message }];
}

/** They describe the source's container, or who wrote it. */
const TAGS_OF_THE_FILE = /^(major_brand|minor_version|compatible_brands|encoder|duration|upreel)$/i;

function warnOfPictures(
  { streams, chapters, video }: VideoInfo,
  container: OutputContainer,
  wishes: StreamWishes,
): StreamWarning[] {
  const { name } = container;
  const isLost = (stream: StreamInfo) => stream !== video && stream.codec !== TIMECODE_TRACK;
  const lost = streams.filter((stream) => isLost(stream) && wishFor(stream, wishes) !== 'none');
  const wanted = lost.find((stream) => wishFor(stream, wishes) === 'copy');
  if (wanted !== undefined) throw notCopied(wanted, container);
  const kinds = lost.map(({ kind }) => (kind === 'audio' ? 'sound' : kind));
  const counts = [...new Set(kinds)].map((kind) => `${kinds.filter((other) => other === kind).length} ${kind}`);
  const left = [...counts, ...(chapters > 0 ? [`${chapters} chapters`] : [])].join(', ');
  const holder = name === 'y4m' ? 'Y4M holds' : 'Numbered pictures hold';
  return left === '' ? [] : [{ code: 'stream-dropped', message: `${holder} nothing but frames; left out: ${left}.` }];
}

function wishFor({ kind }: StreamInfo, { audio, subtitles }: StreamWishes): VideoSettings['audio'] {
  if (kind === 'audio') return audio;
  return kind === 'subtitle' ? subtitles : 'auto';
}

/** Before the work. */
export function notCopied(stream: StreamInfo, { name }: OutputContainer): UpreelError {
  const flag = stream.kind === 'audio' ? '--audio' : '--subtitles';
  const other = name === 'mkv' ? '' : 'Choose an output ending in .mkv, or leave ';
  const leave = name === 'mkv' ? 'Leave ' : other;
  return new UpreelError(
    'usage',
    `${nameOf(stream)} cannot be copied into .${name}, and ${flag} copy allows no less.`,
    {
      hint: `${leave}${flag} at auto to convert what can be, or at none to do without.`,
    },
  );
}

interface Outcome {
  readonly codec: string | null;
  readonly sound?: SoundConversion | null;
  readonly otherwise?: readonly SoundConversion[];
  readonly warning: StreamWarning | null;
}

function planStream(stream: StreamInfo, info: VideoInfo, container: OutputContainer): Outcome {
  if (stream.obstacle !== null) return { codec: null, warning: obstacleWarning(stream, stream.obstacle) };
  switch (stream.kind) {
    case 'audio': {
      const ways = soundConversions(stream, container);
      if (mayBeCopied(stream.codec, container)) return { ...COPIED, otherwise: ways };
      const [best, ...otherwise] = ways;
      if (best === undefined) return dropped(stream, container);
      return { codec: best.encoder, sound: best, otherwise, warning: conversionWarning(stream, best, container) };
    }
    case 'subtitle': {
      if (container.subtitleCodecs.includes(stream.codec)) return COPIED;
      if (!TEXT_SUBTITLES.includes(stream.codec)) return dropped(stream, container);
      const styled = stream.codec === 'ass' || stream.codec === 'ssa';
      const loss = styled ? '; its styling is lost' : '';
      const message = `${nameOf(stream)} becomes ${container.textSubtitleCodec} in .${container.name}${loss}.`;
      const code = styled ? 'subtitle-styling' : 'subtitle-converted';
      return { codec: container.textSubtitleCodec, warning: { code, message } };
    }
    case 'attachment':
      return container.attachments ? COPIED : dropped(stream, container);
    case 'video':
      return planExtraVideo(stream, container);
    case 'data': {
      // What is planned by itself (timecode.ts).
      if (stream.codec === TIMECODE_TRACK) return { codec: null, warning: null };
      // The text track that lists chapters in MP4: the chapters themselves are carried.
      const isChapterTrack = stream.codec === 'bin_data' && info.chapters > 0;
      return isChapterTrack ? { codec: null, warning: null } : dropped(stream, container);
    }
  }
}

function planExtraVideo(stream: StreamInfo, container: OutputContainer): Outcome {
  if (stream.isCoverArt) return container.coverArt ? COPIED : dropped(stream, container);
  if (!container.extraVideo || stream.codec === 'unknown') return dropped(stream, container);
  return {
    codec: 'copy',
    warning: {
      code: 'stream-not-upscaled',
      message: `${nameOf(stream)} is copied as it is: upreel upscales one video stream.`,
    },
  };
}

const COPIED: Outcome = { codec: 'copy', warning: null };

function dropped(stream: StreamInfo, container: OutputContainer): Outcome {
  return { codec: null, warning: dropWarning(stream, container) };
}

function mayBeCopied(codec: string, { audioCodecs, triesOtherSound }: OutputContainer): boolean {
  if (audioCodecs.includes(codec)) return true;
  return triesOtherSound && !codec.startsWith('pcm_') && !NEVER_COPIED.includes(codec);
}

export function conversionWarning(
  stream: StreamInfo,
  { label, isExact, changes }: SoundConversion,
  container: OutputContainer,
): StreamWarning {
  const how = [...(isExact ? ['sample for sample'] : []), ...changes].join('; ');
  const hint = isExact || container.name === 'mkv' ? '' : ' An output ending in .mkv keeps it exactly.';
  const message = `${nameOf(stream)} becomes ${label} in .${container.name}${how === '' ? '' : `: ${how}`}.${hint}`;
  return { code: 'sound-converted', message };
}

export function dropWarning(stream: StreamInfo, container: OutputContainer): StreamWarning {
  const kept = container.name === 'mkv' ? 'nowhere' : MATROSKA_KEEPS.test(stream.codec) ? 'surely' : 'perhaps';
  const hint = {
    nowhere: '',
    surely: ' An output ending in .mkv keeps it.',
    perhaps: ' An output ending in .mkv holds more kinds.',
  }[kept];
  return {
    code: 'stream-dropped',
    message: `${nameOf(stream)} cannot be copied into .${container.name} and is left out.${stream.kind === 'data' ? '' : hint}`,
  };
}

function obstacleWarning(stream: StreamInfo, obstacle: StreamObstacle): StreamWarning {
  const why = obstacle === 'encrypted' ? 'is encrypted' : 'cannot be read (scrambled, or damaged from its beginning)';
  return { code: 'stream-dropped', message: `${nameOf(stream)} ${why} and is left out.` };
}

const MATROSKA_KEEPS = /^(dvd_subtitle|hdmv_pgs_subtitle|dvb_subtitle|ttf|otf)$/;

function nameOf(stream: StreamInfo): string {
  const kind = stream.isCoverArt ? 'Cover art' : `${stream.kind[0]?.toUpperCase()}${stream.kind.slice(1)} stream`;
  const language = stream.language === null ? '' : `, ${stream.language}`;
  return `${kind} ${stream.index} (${stream.codec}${language})`;
}
