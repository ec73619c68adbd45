import { UpreelError } from '../core/errors.ts';
import { findCutOff } from './file-end.ts';
import { toSeconds } from './rational.ts';
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
  throw damaged(`${info.path} is cut off after frame ${scan.packets}${lastTime}: ${missing}.`);
}

/** A demuxer that loses its way finds a later packet and goes on: what was between is gone. */
function checkHoles({ path, video }: VideoInfo, { demuxerError, ptsTicks }: PacketScan): void {
  if (demuxerError === null) return;
  const steps = Array.from(ptsTicks.subarray(1), (ticks, index) => ticks - (ptsTicks[index] ?? 0));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const hole = steps.findIndex((step) => step > 1.5 * usual);
  const time = formatTime(toSeconds(ptsTicks[hole] ?? 0, video.timeBase));
  const place = hole < 0 ? '' : ` after frame ${hole + 1} (at ${time})`;
  throw damaged(`${path} is damaged${place}: ${demuxerError.replace(/\.$/, '')}.`);
}

export function damaged(message: string, cause?: unknown): UpreelError {
  return new UpreelError('input-damaged', message, {
    hint: 'Fetch or copy the file again; or make what is there: the same command with --on-decode-error conceal.',
    cause,
  });
}

/** 3723.5 -> "1:02:03.500". */
export function formatTime(seconds: number): string {
  const milliseconds = Math.max(0, Math.round(seconds * 1000));
  const part = (value: number, digits: number) => String(value).padStart(digits, '0');
  const minutes = Math.floor(milliseconds / 60_000);
  return `${Math.floor(minutes / 60)}:${part(minutes % 60, 2)}:${part(Math.floor(milliseconds / 1000) % 60, 2)}.${part(milliseconds % 1000, 3)}`;
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
