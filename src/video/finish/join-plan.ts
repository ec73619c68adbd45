import { UpreelError } from '../../core/errors.ts';
import type { FfmpegPlan } from '../../core/ffmpeg/ffmpeg.ts';
import { leastCommonMultiple } from '../../core/pixels/divisors.ts';
import type { Provenance } from '../../core/provenance.ts';
import { timeOffset } from '../decode/time-offset.ts';
import { lastFrameSeconds } from '../plan/nominal-rate.ts';
import type { SoundConversion } from '../plan/sound-plan.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import { carriedInput, safeInput } from '../source/safe-input.ts';
import type { CarriedStream } from '../source/streams.ts';
import { isTimecodeTag, type SoundFacts } from '../source/video-info.ts';
import { provenanceOptions } from './provenance-tags.ts';

/** The muxer: upscaled video and everything of the source that goes along, by copy, into one file. */
export function planJoin(
  plan: VideoPlan,
  video: JoinInput,
  { last, provenance, target }: { last: LastFrame; provenance: Provenance | null; target: string },
): FfmpegPlan {
  const { container, streams, source } = plan;
  const carried = streams.order.filter((entry) => entry !== null);
  // What came through a pipe is gone, and had nothing but its frames; a film of pictures has its sound elsewhere.
  const hasSource = carriedInput(source) !== null;
  const kept = hasSource && source.frames === undefined ? '1' : '-1';
  const maps = streams.order.flatMap((entry) => ['-map', entry === null ? '0:v:0' : `1:${entry.source.index}`]);
  return {
    inputs: [video, ...(hasSource ? [sourceInput(plan, plan.concealsErrors)] : [])],
    output: {
      options: [
        ...[
          '-copyts',
          ...(plan.concealsErrors ? [] : ['-xerror']),
          ...maps,
          '-c',
          'copy',
          ...codecOptions(plan, carried),
        ],
        ...timesOptions(plan, last),
        ...['-map_metadata', kept, '-map_chapters', kept, ...STALE_TAGS.flatMap((tag) => ['-metadata', `${tag}=`])],
        ...provenanceOptions(provenance, container),
        ...videoMetadata(plan),
        ...timecodeOptions(plan),
        ...trimOptions(plan),
        ...['-disposition:v:0', source.video.dispositions.join('+') || '0'],
        // Times before 0 (a sound's priming, B-frames) are kept where they are: else everything moves with them.
        ...['-avoid_negative_ts', 'disabled'],
        // Sparse subtitles must not hold back or drop what goes between them.
        ...['-max_muxing_queue_size', '4096', '-fflags', '+bitexact'],
        ...container.muxerOptions,
        ...['-f', container.muxer],
      ],
      target: `file:${target}`,
    },
  };
}

/** A finished segment, as the join needs it. */
export interface JoinedFile {
  /** Name in the job's folder. */
  readonly file: string;
  /** As ffmpeg's demuxer gives it. */
  readonly startSeconds: number;
}

type JoinInput = FfmpegPlan['inputs'][number];

/** One file as it is. */
export function singleInput(file: string): JoinInput {
  return { options: ['-protocol_whitelist', 'file,pipe'], source: `file:${file}` };
}

/**
 * Several files, one after the other. The times in each are the film's already: every file is declared to last until
 * the next one's own start, so that nothing moves within the film, and the whole begins where the first does.
 */
export function concatInput(listFile: string, first: JoinedFile): JoinInput {
  const offset = first.startSeconds === 0 ? [] : ['-itsoffset', first.startSeconds.toFixed(6)];
  return {
    options: ['-copyts', ...offset, '-protocol_whitelist', 'file,pipe', '-f', 'concat'],
    source: `file:${listFile}`,
  };
}

/** The list that `concatInput` reads. Durations come from whole microseconds, so that no rounding adds up. */
export function concatList(files: readonly JoinedFile[]): string {
  const lines = files.flatMap(({ file, startSeconds }, index) => {
    const next = files[index + 1];
    const micros = next === undefined ? 0 : Math.round(next.startSeconds * 1e6) - Math.round(startSeconds * 1e6);
    return [`file ${file}`, ...(next === undefined ? [] : [`duration ${(micros / 1e6).toFixed(6)}`])];
  });
  return `ffconcat version 1.0\n${lines.join('\n')}\n`;
}

/** The frame shown last. */
export interface LastFrame {
  /** Place of its packet among all of the video. */
  readonly packetIndex: number;
  readonly seconds: number;
  readonly durationSeconds: number;
}

/** Opens the same streams for the same container, but writes its header only: fails where the real join would. */
export function planRehearsal(plan: VideoPlan, carried: readonly CarriedStream[], nullDevice: string): FfmpegPlan {
  return {
    inputs: [sourceInput(plan)],
    output: {
      options: [
        ...carried.flatMap((entry) => ['-map', `0:${entry.source.index}`]),
        ...['-t', '0', '-c', 'copy', ...codecOptions(plan, carried), ...plan.container.muxerOptions],
        ...['-f', plan.container.muxer],
      ],
      target: nullDevice,
    },
  };
}

/** Writes the beginning of the sound as the join will, to be looked at. */
export function planTrial(whole: VideoPlan, carried: readonly CarriedStream[], target: string): FfmpegPlan {
  // What is to be seen holds for every part.
  const plan = untrimmed(whole);
  return {
    inputs: [sourceInput(plan)],
    output: {
      options: [
        ...['-copyts', ...carried.flatMap((entry) => ['-map', `0:${entry.source.index}`])],
        ...carried.flatMap((_, index) => [`-frames:a:${index}`, '16']),
        ...['-c', 'copy', ...codecOptions(plan, carried), '-avoid_negative_ts', 'disabled', '-fflags', '+bitexact'],
        ...[...plan.container.muxerOptions, '-f', plan.container.muxer],
      ],
      target: `file:${target}`,
    },
  };
}

/**
 * Lists all of the streams that go along: packets of what is copied, samples of sound that is coded anew, cues of
 * subtitles that are rewritten; then the packets of all sound that is coded anew, whose gaps its samples do not show.
 * @param isStrict damage ends it.
 * @param limit where only the beginning of what goes along is listed, and nothing after it.
 */
export function planSourceLedger(
  plan: VideoPlan,
  carried: readonly CarriedStream[],
  isStrict: boolean,
  limit: readonly string[] = [],
): FfmpegPlan {
  const sounds = carried.filter((entry) => entry.source.kind === 'audio');
  const samples = sounds.flatMap((entry, index) => {
    if (entry.sound === null) return [];
    const filter = soundFilters(plan, entry.sound);
    return [`-c:a:${index}`, samplesOf(entry.sound, entry.source.sound), `-filter:a:${index}`, filter.join(',')];
  });
  return {
    inputs: [sourceInput(plan, !isStrict)],
    output: {
      options: [
        ...['-copyts', ...(isStrict ? ['-xerror'] : [])],
        ...[...carried, ...(limit.length > 0 ? [] : recoded(carried))].flatMap((entry) => [
          '-map',
          `0:${entry.source.index}`,
        ]),
        ...['-c', 'copy', ...samples, ...subtitleOptions(carried), ...limit, ...trimOptions(plan), '-f', 'framecrc'],
      ],
      target: '-',
    },
  };
}

/** Those that the ledger of a source lists twice. */
export function recoded(carried: readonly CarriedStream[]): CarriedStream[] {
  return carried.filter((entry) => entry.sound !== null);
}

/** The same of a finished file. @param indices of its streams, one for each of `carried`. */
export function planResultLedger(
  file: string,
  carried: readonly CarriedStream[],
  indices: readonly number[],
): FfmpegPlan {
  const { options, source } = safeInput(file);
  const sounds = carried.filter((entry) => entry.source.kind === 'audio');
  const samples = sounds.flatMap((entry, index) =>
    entry.sound === null ? [] : [`-c:a:${index}`, samplesOf(entry.sound, entry.source.sound)],
  );
  return {
    inputs: [{ options: ['-copyts', ...options], source }],
    output: {
      options: [
        ...['-copyts', ...indices.flatMap((index) => ['-map', `0:${index}`])],
        ...['-c', 'copy', ...samples, '-f', 'framecrc'],
      ],
      target: '-',
    },
  };
}

export function untrimmed(plan: VideoPlan): VideoPlan {
  return { ...plan, picture: { ...plan.picture, trim: null } };
}

/** PCM that holds every sample of both sides; where they differ anyway, only their number counts. */
function samplesOf({ isExact }: SoundConversion, sound: SoundFacts | null): string {
  const format = sound?.sampleFormat?.replace(/p$/, '');
  if (!isExact) return 'pcm_s16le';
  if (format === 's64') return 'pcm_s64le';
  return format === 'flt' || format === 'dbl' ? 'pcm_f64le' : 'pcm_s32le';
}

/** @param leavesOut packets that are known to be damaged, which no muxer takes; the others keep their times. */
function sourceInput(plan: VideoPlan, leavesOut = false): { options: readonly string[]; source: string } {
  const input = carriedInput(plan.source);
  if (input === null) throw new UpreelError('internal', 'Expected a source of streams that go along.');
  const { trim } = plan.picture;
  const offset = plan.shiftSeconds + input.startSeconds;
  const shift = timeOffset(-offset, plan.source.formatName);
  const from = (trim?.startSeconds ?? 0) + input.startSeconds;
  // ffmpeg's own cut to the sample takes the unmoved time for the moved one: ours is a filter (soundFilters).
  const start = trim === null ? [] : ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', from.toFixed(6)];
  const discard = leavesOut ? ['-fflags', '+discardcorrupt'] : [];
  return { options: ['-copyts', ...discard, ...shift, ...start, ...input.options], source: input.source };
}

/** A part of the film: what is copied begins and ends with it, to a packet. */
function trimOptions({ picture: { trim } }: VideoPlan): string[] {
  if (trim === null) return [];
  const length = trim.endSeconds - trim.startSeconds;
  const end = length === Number.POSITIVE_INFINITY ? [] : ['-t', length.toFixed(6)];
  return ['-copypriorss:a', '0', '-copypriorss:s', '0', ...end];
}

function codecOptions(plan: VideoPlan, carried: readonly CarriedStream[]): string[] {
  const sounds = carried.filter((entry) => entry.source.kind === 'audio');
  return [...sounds.flatMap((entry, index) => soundOptions(plan, entry, index)), ...subtitleOptions(carried)];
}

function soundOptions(plan: VideoPlan, { sound, source, delaySeconds }: CarriedStream, index: number): string[] {
  const at = `a:${index}`;
  if (sound === null) return delaySeconds === 0 ? [] : [`-bsf:${at}`, `setts=ts=TS+${delaySeconds}/TB`];
  const delay = delaySeconds === 0 ? [] : [`asetpts=PTS+${delaySeconds}/TB`];
  const stale = Object.keys(source.tags).filter((name) => STALE_STREAM_TAGS.test(name));
  return [
    ...[`-c:${at}`, sound.encoder, ...sound.options.flatMap(([name, value]) => [`-${name}:${at}`, value])],
    ...[`-filter:${at}`, [...soundFilters(plan, sound), ...delay].join(','), `-flags:${at}`, '+bitexact'],
    ...stale.flatMap((name) => [`-metadata:s:${at}`, `${name}=`]),
  ];
}

/**
 * A part is cut to the sample. What is missing inside (a tenth of a second or more) becomes silence, since a coded
 * sound has no holes; without holes every sample passes as it is.
 */
function soundFilters({ picture: { trim } }: VideoPlan, { filter }: SoundConversion): string[] {
  const length = trim === null ? Number.POSITIVE_INFINITY : trim.endSeconds - trim.startSeconds;
  const end = length === Number.POSITIVE_INFINITY ? '' : `:end=${length.toFixed(6)}`;
  const cut = trim === null ? [] : [`atrim=start=0${end}`];
  return [...cut, 'aresample=async=1:min_hard_comp=0.1', ...(filter === null ? [] : [filter])];
}

function subtitleOptions(carried: readonly CarriedStream[]): string[] {
  const subtitles = carried.filter((entry) => entry.source.kind === 'subtitle');
  return subtitles.flatMap((entry, index) => (entry.codec === 'copy' ? [] : [`-c:s:${index}`, entry.codec]));
}

/**
 * A pipe carries no durations, so the last frame would be shown for as long as the encoder guessed: it gets the
 * source's duration. Time bases differ between versions of ffmpeg at this point, so the duration is given as a
 * multiple of the packet's own time, or of its own duration where it is the only one. Decoding times of a segment with
 * B-frames may begin before those of the segment before it end: they only have to ascend.
 */
function timesOptions({ frames, frameRate }: VideoPlan, last: LastFrame): string[] {
  const duration = lastFrameSeconds(frames, frameRate);
  const [unit, seconds] = last.seconds > 0 ? ['PTS', last.seconds] : ['DURATION', last.durationSeconds];
  const ascending = 'if(gt(N\\,0)\\,min(PTS\\,max(DTS\\,PREV_OUTDTS+1))\\,DTS)';
  const known = duration > 0 && seconds > 0;
  const factor = (duration / seconds).toFixed(12);
  const lastDuration = known ? `:duration=if(eq(N\\,${last.packetIndex})\\,round(${unit}*${factor})\\,DURATION)` : '';
  return ['-bsf:v:0', `setts=pts=PTS:dts=${ascending}${lastDuration}`];
}

/** Says of an MP4 what it is compatible with, which the result is not. */
const STALE_TAGS = ['major_brand', 'minor_version', 'compatible_brands'];

/** Tags of the source's stream that describe the old encoding. */
const STALE_STREAM_TAGS =
  /^(encoder|duration|bps|number_of_|_statistics_|rotate|vendor_id|alpha_mode|source_id|source-)/i;

/**
 * From the tag, MP4's and MOV's muxer makes a track. That counts in the video's ticks, so these are made so fine that a
 * frame is a whole number of them, and that every time stays as it is.
 */
function timecodeOptions({ timecode, source, container, frameRate, frames }: VideoPlan): string[] {
  const isOfFilm = container.tags === null && source.timecode?.isOfVideo === false;
  const tag = timecode === null ? [] : [isOfFilm ? '-metadata' : '-metadata:s:v:0', `timecode=${timecode}`];
  const isTrack = timecode !== null && container.tags !== null && frames.timeBase.num === 1;
  const ticks = leastCommonMultiple(frames.timeBase.den, frameRate.num);
  const unit = isTrack && ticks <= MOST_TICKS_PER_SECOND ? ['-video_track_timescale', `${ticks}`] : [];
  return ['-metadata', 'timecode=', ...tag, ...unit];
}

/** More than any rate needs that has a timecode; an average of varying times would need millions. */
const MOST_TICKS_PER_SECOND = 180_000;

function videoMetadata({ source: { video }, encoder }: VideoPlan): string[] {
  const kept = Object.entries(video.tags).filter(([name]) => !STALE_STREAM_TAGS.test(name) && !isTimecodeTag(name));
  if (encoder.alpha) kept.push(['alpha_mode', '1']);
  return kept.flatMap(([name, value]) => ['-metadata:s:v:0', `${name}=${value}`]);
}
