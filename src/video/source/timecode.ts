import type { FrameList } from '../plan/frame-list.ts';
import { type Rational, toSeconds } from '../rational.ts';
import type { OutputContainer } from './containers.ts';
import type { PacketScan } from './scan.ts';
import type { StreamWarning } from './streams.ts';
import { isTimecodeTag, type SourceTimecode, type VideoInfo } from './video-info.ts';

/** Where a source may have its timecode. */
interface TimecodePlaces {
  readonly filmTags: Readonly<Record<string, string>>;
  readonly videoTags: Readonly<Record<string, string>>;
  /** Timecode tracks (tmcd) of MOV and MP4. */
  readonly tracks: readonly { readonly tags: Readonly<Record<string, string>>; readonly rate: Rational | null }[];
}

/** The timecode of the first frame; null: there is none. */
export function findTimecode({ filmTags, videoTags, tracks }: TimecodePlaces): SourceTimecode | null {
  const track = tracks.find(({ tags }) => tagOf(tags) !== null);
  const ofVideo = tagOf(videoTags) ?? tagOf(track?.tags ?? {});
  const start = ofVideo ?? tagOf(filmTags);
  if (start === null) return null;
  return { start, trackRate: track?.rate ?? null, isOfVideo: ofVideo !== null, hasTrack: track !== undefined };
}

function tagOf(tags: Readonly<Record<string, string>>): string | null {
  return Object.entries(tags).find(([name]) => isTimecodeTag(name))?.[1] ?? null;
}

export interface TimecodePlan {
  /** Of the result's first frame; null: it has none. */
  readonly start: string | null;
  readonly warnings: readonly StreamWarning[];
}

/**
 * The source's timecode, from the result's first frame on: of a part, as many frames later. Where the result has
 * another rate, it begins in the same second and counts that rate.
 * @param rate of the result.
 */
export function planTimecode(
  { timecode, video }: Pick<VideoInfo, 'timecode' | 'video'>,
  scan: Pick<PacketScan, 'ptsTicks'>,
  frames: Pick<FrameList, 'ptsTicks' | 'timeBase'>,
  rate: Rational,
  container: OutputContainer,
): TimecodePlan {
  if (timecode === null) return { start: null, warnings: [] };
  const { start, trackRate, hasTrack } = timecode;
  if (container.holds === 'pictures') return without(`The timecode ${quote(start)} is left out: pictures hold none.`);
  const countedRate = trackRate ?? video.frameRate;
  const counted = nominal(countedRate);
  const label = parseTimecode(start, counted);
  if (label === null) {
    return without(`${quote(start)} is no timecode of ${counted} frames a second: it is left out.`);
  }
  const [filmStart, partStart] = [
    toSeconds(scan.ptsTicks[0] ?? 0, video.timeBase),
    toSeconds(frames.ptsTicks[0] ?? scan.ptsTicks[0] ?? 0, frames.timeBase),
  ];
  const later = Math.round(((partStart - filmStart) * countedRate.num) / countedRate.den);
  const first = labelOf(frameOf(label, counted) + Math.max(0, later), counted, label.isDrop);
  const counts = nominal(rate);
  const result = counts === counted ? first : inRate(first, counted, counts);
  const text = format(result);
  const warnings: StreamWarning[] = [];
  if (counts !== counted || result.isDrop !== label.isDrop) {
    const how = result.isDrop === label.isDrop ? '' : ' without dropping numbers';
    const message = `The timecode begins at ${text} and counts ${counts} frames a second${how}; the source's counts ${counted}.`;
    warnings.push({ code: 'timecode-rate', message });
  }
  if (hasTrack && !HAVE_TRACKS.includes(container.name)) {
    const message = `The timecode track becomes a tag in .${container.name}: TIMECODE=${text}.`;
    warnings.push({ code: 'timecode-converted', message });
  }
  return { start: text, warnings };
}

const HAVE_TRACKS: readonly string[] = ['mp4', 'mov'];

function without(message: string): TimecodePlan {
  return { start: null, warnings: [{ code: 'timecode-dropped', message }] };
}

/** It comes out of the file and goes to a terminal. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

/** SMPTE ST 12-1: hours, minutes, seconds, frames. */
interface Label {
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly frames: number;
  /** Numbers are dropped at most minutes' starts, so that 29.97 frames a second keep step with the clock. */
  readonly isDrop: boolean;
}

/** Frames that a second of timecode has. */
function nominal({ num, den }: Rational): number {
  return Math.max(1, Math.round(num / den));
}

function parseTimecode(text: string, perSecond: number): Label | null {
  const match = /^(\d{1,2}):(\d\d):(\d\d)([:;.])(\d{2,3})$/.exec(text);
  if (match === null) return null;
  const [hours, minutes, seconds, frames] = [match[1], match[2], match[3], match[5]].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const isDrop = match[4] !== ':';
  const isValid = hours < 24 && minutes < 60 && seconds < 60 && frames < perSecond && (!isDrop || mayDrop(perSecond));
  return isValid ? { hours, minutes, seconds, frames, isDrop } : null;
}

function mayDrop(perSecond: number): boolean {
  return perSecond % 30 === 0;
}

/** Numbers left out in each minute but every tenth: 2 of 1800 at 30 frames a second (SMPTE ST 12-1, 5.2.2). */
function droppedPerMinute(perSecond: number): number {
  return perSecond / 15;
}

/** @returns frames since midnight. */
function frameOf({ hours, minutes, seconds, frames, isDrop }: Label, perSecond: number): number {
  const minute = 60 * hours + minutes;
  const number = (60 * minute + seconds) * perSecond + frames;
  return isDrop ? number - droppedPerMinute(perSecond) * (minute - Math.floor(minute / 10)) : number;
}

function labelOf(frame: number, perSecond: number, isDrop: boolean): Label {
  const dropped = isDrop ? droppedPerMinute(perSecond) : 0;
  const tenMinutes = 600 * perSecond - 9 * dropped;
  const since = frame % (144 * tenMinutes);
  const tens = Math.floor(since / tenMinutes);
  // All minutes but the first of ten are short.
  const minutes = Math.max(0, Math.floor(((since % tenMinutes) - dropped) / (60 * perSecond - dropped)));
  const number = since + dropped * (9 * tens + minutes);
  const seconds = Math.floor(number / perSecond);
  return {
    hours: Math.floor(seconds / 3600),
    minutes: Math.floor(seconds / 60) % 60,
    seconds: seconds % 60,
    frames: number % perSecond,
    isDrop,
  };
}

function inRate(label: Label, from: number, to: number): Label {
  return { ...label, frames: Math.floor((label.frames * to) / from), isDrop: label.isDrop && mayDrop(to) };
}

function format({ hours, minutes, seconds, frames, isDrop }: Label): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(hours)}:${two(minutes)}:${two(seconds)}${isDrop ? ';' : ':'}${two(frames)}`;
}
