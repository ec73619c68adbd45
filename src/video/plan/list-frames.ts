import { UpreelError } from '../../core/errors.ts';
import { ffmpegLines } from '../../core/ffmpeg/ffmpeg.ts';
import { decoderFeed, frameListPass } from '../decode/decode-plan.ts';
import type { Rational } from '../rational.ts';
import { hasNoTimes } from '../source/containers.ts';
import type { PacketScan } from '../source/scan.ts';
import { hasPacketsWithoutPicture } from '../source/silent-packets.ts';
import { isInside } from '../source/trim.ts';
import type { VideoInfo } from '../source/video-info.ts';
import type { FrameList } from './frame-list.ts';
import type { PicturePlan } from './picture-plan.ts';

/**
 * The source's own list where every packet is a picture and filters keep them, else what decoder and filters give,
 * asked by running the source through them.
 * @param concealsErrors pictures that the decoder cannot give are listed, too: they are to be told as lost.
 * @throws UpreelError `usage` if nothing is left.
 */
export async function listFrames(
  source: VideoInfo,
  scan: PacketScan,
  picture: PicturePlan,
  concealsErrors: boolean,
  signal: AbortSignal,
): Promise<FrameList> {
  const list = isListedByPackets(source, scan, picture)
    ? listOfSource(source, scan, picture)
    : await listOfDecoder(source, scan, picture, concealsErrors, signal);
  // Without a part asked for, it is the decoder's to say that there is nothing.
  if (list.count > 0 || picture.trim === null) return list;
  throw new UpreelError('usage', `No frame of ${source.path} is inside --trim.`, {
    hint: 'Times count from the beginning of the film, for example 0:10-0:20.',
  });
}

/** A part needs the times of pictures: packets may have none, or give no picture. */
function isListedByPackets(source: VideoInfo, scan: PacketScan, picture: PicturePlan): boolean {
  if (!picture.keepsFrames) return false;
  if (source.frames !== undefined) return true;
  const mayRepeat = hasPacketsWithoutPicture(source.video, scan);
  if (picture.trim === null) return !mayRepeat;
  const hasTimes = scan.ptsTicks.length === scan.packets || hasNoTimes(source.formatName);
  return hasTimes && !mayRepeat && !OWN_TIMES.includes(source.video.codec);
}

/** What they show may come at other times than their packets. */
const OWN_TIMES: readonly string[] = ['vp8', 'gif', 'apng'];

function listOfSource({ video }: VideoInfo, scan: PacketScan, { trim, timeBase }: PicturePlan): FrameList {
  const { ptsTicks, lastDurationTicks } = scan;
  if (trim === null) return { count: scan.packets, ptsTicks, timeBase, lastDurationTicks, isExact: false };
  const times = timesOf(video.frameRate, timeBase, scan);
  const inside = times.filter((ticks) => isInside(trim, ticks));
  const next = times.find((ticks) => ticks > (inside.at(-1) ?? Number.POSITIVE_INFINITY));
  const last = next === undefined ? lastDurationTicks : next - (inside.at(-1) ?? next);
  return { count: inside.length, ptsTicks: inside, timeBase, lastDurationTicks: last, isExact: false };
}

/** Elementary streams have no times: the decoder is told the frame rate. */
function timesOf(frameRate: Rational, timeBase: Rational, { ptsTicks, packets }: PacketScan): Float64Array {
  if (ptsTicks.length > 0) return ptsTicks;
  const step = (frameRate.den * timeBase.den) / (frameRate.num * timeBase.num);
  return Float64Array.from({ length: packets }, (_, index) => Math.round(index * step));
}

async function listOfDecoder(
  source: VideoInfo,
  scan: PacketScan,
  picture: PicturePlan,
  concealsErrors: boolean,
  signal: AbortSignal,
): Promise<FrameList> {
  const { plan, offsetTicks } = frameListPass(source, picture);
  let complains = false;
  const onMessage = () => {
    complains = true;
  };
  const times: number[] = [];
  let lastDurationTicks = 0;
  for await (const line of ffmpegLines(plan, signal, { feed: decoderFeed(source, null), onMessage })) {
    const frame = parseFrame(line);
    if (frame === null) continue;
    times.push(frame.pts - offsetTicks);
    lastDurationTicks = frame.duration;
  }
  if (complains && concealsErrors && picture.keepsFrames && picture.trim === null) {
    return listOfSource(source, scan, picture);
  }
  const ptsTicks = Float64Array.from(times).sort();
  const spacing = (ptsTicks.at(-1) ?? 0) - (ptsTicks.at(-2) ?? 0);
  const isWhole = picture.keepsFrames && picture.trim === null;
  const isBob = picture.fields.kind === 'deinterlace';
  const sourceTicks =
    (scan.lastDurationTicks * source.video.timeBase.num * picture.timeBase.den) /
    (source.video.timeBase.den * picture.timeBase.num * (isBob ? 2 : 1));
  return {
    count: times.length,
    ptsTicks,
    timeBase: picture.timeBase,
    // The filters tell the frame rate's duration at best, which a variable rate does not have.
    lastDurationTicks: isWhole
      ? lastOfFilm(ptsTicks.at(-1) ?? 0, scan)
      : isBob && picture.trim === null
        ? Math.round(sourceTicks)
        : lastDurationTicks || spacing,
    isExact: true,
  };
}

/** A line of the list (decode-plan.ts): "stream, dts, pts, duration, size, checksum"; null: it is none of a frame. */
export function parseFrame(line: string): { readonly pts: number; readonly duration: number } | null {
  const [, pts, duration] = /^0,\s*-?\d+,\s*(-?\d+),\s*(\d+),/.exec(line) ?? [];
  return pts === undefined ? null : { pts: Number(pts), duration: Number(duration) };
}

/** The picture shown last stays for the packets after it that mean "as before". */
function lastOfFilm(last: number, { ptsTicks, lastDurationTicks }: PacketScan): number {
  return Math.max(0, (ptsTicks.at(-1) ?? last) - last) + lastDurationTicks;
}
