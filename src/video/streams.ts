import type { OutputContainer } from './containers.ts';
import type { StreamInfo, VideoInfo } from './video-info.ts';

export interface StreamWarning {
  readonly code: string;
  readonly message: string;
}

/** One stream of the source that goes into the result beside the upscaled one. */
export interface CarriedStream {
  readonly source: StreamInfo;
  /** "copy", or the codec that a text subtitle is rewritten as. */
  readonly codec: string;
}

export interface StreamPlan {
  /** In the source's order, other video last; null stands for the upscaled stream. */
  readonly order: readonly (CarriedStream | null)[];
  readonly warnings: readonly StreamWarning[];
}

const TEXT_SUBTITLES = ['subrip', 'ass', 'ssa', 'mov_text', 'webvtt', 'text', 'srt'];

/** Decides what goes along, by copy wherever the container allows, and says what cannot. Pure. */
export function planStreams(info: VideoInfo, container: OutputContainer): StreamPlan {
  if (container.holds === 'pictures') return { order: [null], warnings: warnOfPictures(info, container) };
  const warnings: StreamWarning[] = [];
  const carried = new Map<StreamInfo, CarriedStream>();
  for (const stream of info.streams) {
    if (stream === info.video) continue;
    const outcome = planStream(stream, info, container);
    if (outcome.codec !== null) carried.set(stream, { source: stream, codec: outcome.codec });
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
    .filter((tag) => !isStored(tag) && !TAGS_OF_THE_FILE.test(tag))
    .sort();
  if (lost.length === 0) return [];
  const message = `A .${name} file cannot hold the tags ${lost.slice(0, 10).join(', ')}: they are left out.`;
  return [{ code: 'tags-dropped', message }];
}

/** They describe the source's container, or who wrote it. */
const TAGS_OF_THE_FILE = /^(major_brand|minor_version|compatible_brands|encoder|duration)$/i;

function warnOfPictures({ streams, chapters, video }: VideoInfo, { name }: OutputContainer): StreamWarning[] {
  const kinds = streams.filter((stream) => stream !== video).map(({ kind }) => (kind === 'audio' ? 'sound' : kind));
  const counts = [...new Set(kinds)].map((kind) => `${kinds.filter((other) => other === kind).length} ${kind}`);
  const left = [...counts, ...(chapters > 0 ? [`${chapters} chapters`] : [])].join(', ');
  const holder = name === 'y4m' ? 'Y4M holds' : 'Numbered pictures hold';
  return left === '' ? [] : [{ code: 'stream-dropped', message: `${holder} nothing but frames; left out: ${left}.` }];
}

interface Outcome {
  readonly codec: string | null;
  readonly warning: StreamWarning | null;
}

function planStream(stream: StreamInfo, info: VideoInfo, container: OutputContainer): Outcome {
  switch (stream.kind) {
    case 'audio': {
      const fits = container.audioCodecs?.includes(stream.codec) ?? stream.codec !== 'unknown';
      return fits ? COPIED : dropped(stream, container);
    }
    case 'subtitle': {
      if (container.subtitleCodecs.includes(stream.codec)) return COPIED;
      if (!TEXT_SUBTITLES.includes(stream.codec)) return dropped(stream, container);
      const styled = stream.codec === 'ass' || stream.codec === 'ssa';
      const message = `${nameOf(stream)} becomes ${container.textSubtitleCodec} in .${container.name}; its styling is lost.`;
      return { codec: container.textSubtitleCodec, warning: styled ? { code: 'subtitle-styling', message } : null };
    }
    case 'attachment':
      return container.attachments ? COPIED : dropped(stream, container);
    case 'video':
      return planExtraVideo(stream, container);
    case 'data': {
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

export function dropWarning(stream: StreamInfo, container: OutputContainer): StreamWarning {
  const hint = container.name === 'mkv' ? '' : ' An output ending in .mkv holds more kinds.';
  return {
    code: 'stream-dropped',
    message: `${nameOf(stream)} cannot be copied into .${container.name} and is left out.${stream.kind === 'data' ? '' : hint}`,
  };
}

function nameOf(stream: StreamInfo): string {
  const kind = stream.isCoverArt ? 'Cover art' : `${stream.kind[0]?.toUpperCase()}${stream.kind.slice(1)} stream`;
  const language = stream.language === null ? '' : `, ${stream.language}`;
  return `${kind} ${stream.index} (${stream.codec}${language})`;
}
