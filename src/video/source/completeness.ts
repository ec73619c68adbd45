import { UpreelError } from '../../core/errors.ts';
import { toSeconds } from '../rational.ts';
import { findHoles, formatTime, listPlaces, sumPlaces } from './damaged-places.ts';
import { findCutOff } from './file-end.ts';
import type { PacketScan } from './scan.ts';
import type { VideoInfo } from './video-info.ts';

/**
 * Refuses a source whose end is missing, before any work. ffmpeg reads such files to their end and reports success.
 * @throws UpreelError `input-damaged`.
 */
export async function checkComplete(info: VideoInfo, scan: PacketScan): Promise<void> {
  const missing = await findMissing(info, scan);
  if (missing === null) return checkHoles(info, scan);
  const { timeBase } = info.video;
  const lastTicks = scan.ptsTicks.at(-1);
  const lastTime = lastTicks === undefined ? '' : ` (at ${formatTime(toSeconds(lastTicks, timeBase))})`;
  throw damagedFilm(
    `${info.path} is cut off after frame ${scan.packets}${lastTime}: ${missing}.${lostEnd(info, scan)}`,
  );
}

/** What was there once, as far as the container's header tells. */
function lostEnd({ video, durationSeconds, startSeconds }: VideoInfo, { packetsRead, ptsTicks }: PacketScan): string {
  const { frameRate, declaredFrames, timeBase } = video;
  const end = toSeconds(ptsTicks.at(-1) ?? 0, timeBase) + frameRate.den / frameRate.num - startSeconds;
  const seconds = (durationSeconds ?? 0) - end;
  const byTime = Math.round((seconds * frameRate.num) / frameRate.den);
  const isDeclared = declaredFrames !== null && declaredFrames < NOT_KNOWN;
  const frames = isDeclared ? declaredFrames - packetsRead : byTime;
  if (ptsTicks.length === 0 || frames <= 0) return '';
  const time = seconds > 0 ? seconds : (frames * frameRate.den) / frameRate.num;
  return ` About ${frames} frames (${time.toFixed(1)} s) are missing at its end.`;
}

/** A demuxer that loses its way finds a later packet and goes on: what was between is gone. */
function checkHoles({ path, video }: VideoInfo, { demuxerError, ptsTicks }: PacketScan): void {
  if (demuxerError === null) return;
  const holes = findHoles(ptsTicks, { timeBase: video.timeBase, shiftSeconds: 0, lastDurationTicks: 0 });
  const [first] = holes;
  const place = first === undefined ? '' : ` at ${formatTime(first.startSeconds)}`;
  const { frames, seconds } = sumPlaces(holes);
  const much = frames === 0 ? '' : ` ${frames} frames (${seconds.toFixed(2)} s) are missing: ${listPlaces(holes)}.`;
  throw damagedFilm(`${path} is damaged${place}: ${demuxerError.replace(/\.$/, '')}.${much}`);
}

/** What a header says that was never filled in. */
const NOT_KNOWN = 2 ** 30;

/** The way on over damage. Whoever knows the job's name puts a whole command in its place. */
export const CONCEAL = 'the same command with --on-decode-error conceal';

export function damagedFilm(message: string, cause?: unknown): UpreelError {
  return new UpreelError('input-damaged', message, {
    hint: `Fetch or copy the file again; or make what is there with ${CONCEAL}`,
    cause,
  });
}

async function findMissing(info: VideoInfo, scan: PacketScan): Promise<string | null> {
  const { declaredFrames } = info.video;
  if (scan.packets === 0) return 'its video stream holds no frames';
  const names = info.formatName.split(',');
  const cutOff = await findCutOff(info.path, info.fileBytes, info.formatName);
  // An MP4 whose data goes past the file's end is whole all the same if every sample that its index counts is there.
  if (names.includes('mov') && declaredFrames === scan.packetsRead) return null;
  if (cutOff !== null) return cutOff;
  if (names.includes('yuv4mpegpipe') && scan.endByte < info.fileBytes) return 'its last frame is incomplete';
  if (names.includes('flv') && info.durationSeconds !== null && scan.ptsTicks.length > 0) {
    const end = toSeconds((scan.ptsTicks.at(-1) ?? 0) + scan.lastDurationTicks, info.video.timeBase);
    // Its header counts from 0 and covers the sound too, so only a clear difference tells.
    if (info.durationSeconds - end > FLV_TOLERANCE_SECONDS)
      return `its header says ${formatTime(info.durationSeconds)}`;
  }
  return null;
}

const FLV_TOLERANCE_SECONDS = 1;
