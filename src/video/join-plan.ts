import type { FfmpegPlan } from './ffmpeg.ts';
import type { VideoPlan } from './plan.ts';
import { toSeconds } from './rational.ts';
import { safeInput } from './safe-input.ts';
import type { CarriedStream } from './streams.ts';

/** The muxer: upscaled video and everything of the source that goes along, by copy, into one file. */
export function planJoin(plan: VideoPlan, videoFile: string, last: LastFrame, target: string): FfmpegPlan {
  const { container, streams, source } = plan;
  const carried = streams.order.filter((entry) => entry !== null);
  const maps = streams.order.flatMap((entry) => ['-map', entry === null ? '0:v:0' : `1:${entry.source.index}`]);
  return {
    inputs: [{ options: ['-protocol_whitelist', 'file,pipe'], source: `file:${videoFile}` }, sourceInput(plan)],
    output: {
      options: [
        ...['-copyts', ...(plan.concealsErrors ? [] : ['-xerror']), ...maps, '-c', 'copy', ...codecOptions(carried)],
        ...lastDurationOptions(plan, last),
        ...['-map_metadata', '1', '-map_chapters', '1', ...STALE_TAGS.flatMap((tag) => ['-metadata', `${tag}=`])],
        ...videoMetadata(plan),
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

/** The frame shown last, in the work file. */
export interface LastFrame {
  /** Place of its packet, in the file's order. */
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
        ...['-t', '0', '-c', 'copy', ...codecOptions(carried), '-f', plan.container.muxer],
      ],
      target: nullDevice,
    },
  };
}

/** Reads the streams that go along to their end and writes nothing: fails where one of them is cut off. */
export function planCarriedCheck(plan: VideoPlan, carried: readonly CarriedStream[]): FfmpegPlan {
  return {
    inputs: [sourceInput(plan)],
    output: {
      options: [
        '-xerror',
        ...carried.flatMap((entry) => ['-map', `0:${entry.source.index}`]),
        '-c',
        'copy',
        '-f',
        'null',
      ],
      target: '-',
    },
  };
}

function sourceInput(plan: VideoPlan): { options: readonly string[]; source: string } {
  const input = safeInput(plan.source.path);
  const shift = plan.shiftSeconds === 0 ? [] : ['-itsoffset', (-plan.shiftSeconds).toFixed(6)];
  const start =
    plan.picture.trim === null ? [] : ['-seek_timestamp', '1', '-ss', plan.picture.trim.startSeconds.toFixed(6)];
  return { options: ['-copyts', ...shift, ...start, ...input.options], source: input.source };
}

/** A part of the film: what is copied begins and ends with it, to a packet. */
function trimOptions({ picture: { trim } }: VideoPlan): string[] {
  if (trim === null) return [];
  const length = trim.endSeconds - trim.startSeconds;
  const end = length === Number.POSITIVE_INFINITY ? [] : ['-t', length.toFixed(6)];
  return ['-copypriorss:a', '0', '-copypriorss:s', '0', ...end];
}

function codecOptions(carried: readonly CarriedStream[]): string[] {
  const subtitles = carried.filter((entry) => entry.source.kind === 'subtitle');
  return subtitles.flatMap((entry, index) => (entry.codec === 'copy' ? [] : [`-c:s:${index}`, entry.codec]));
}

/**
 * A pipe carries no durations, so the last frame would be shown for as long as the encoder guessed: it gets the
 * source's duration. Time bases differ between versions of ffmpeg at this point, so the duration is told as a
 * multiple of the packet's own time, or of its own duration where it is the only one.
 */
function lastDurationOptions({ frames }: VideoPlan, last: LastFrame): string[] {
  const duration = toSeconds(frames.lastDurationTicks, frames.timeBase);
  const [unit, seconds] = last.seconds > 0 ? ['PTS', last.seconds] : ['DURATION', last.durationSeconds];
  if (duration <= 0 || seconds <= 0) return [];
  const factor = (duration / seconds).toFixed(12);
  return [
    '-bsf:v:0',
    `setts=pts=PTS:dts=DTS:duration=if(eq(N\\,${last.packetIndex})\\,round(${unit}*${factor})\\,DURATION)`,
  ];
}

/** Says of an MP4 what it is compatible with, which the result is not. */
const STALE_TAGS = ['major_brand', 'minor_version', 'compatible_brands'];

/** Tags of the source's stream that describe the old encoding. */
const STALE_STREAM_TAGS =
  /^(encoder|duration|bps|number_of_|_statistics_|rotate|vendor_id|alpha_mode|source_id|source-)/i;

function videoMetadata({ source: { video }, encoder }: VideoPlan): string[] {
  const kept = Object.entries(video.tags).filter(([name]) => !STALE_STREAM_TAGS.test(name));
  if (encoder.alpha) kept.push(['alpha_mode', '1']);
  return kept.flatMap(([name, value]) => ['-metadata:s:v:0', `${name}=${value}`]);
}
