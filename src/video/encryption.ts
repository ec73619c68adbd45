import { UpreelError } from '../core/errors.ts';
import { probeLines } from '../core/ffmpeg/ffmpeg.ts';
import { safeInput } from './safe-input.ts';
import type { VideoInfo } from './video-info.ts';

/**
 * Marks the streams of an MP4 that are encrypted (ISO/IEC 23001-7): their description is in the clear, and ffmpeg hands
 * out their packets as if they were, too.
 * @throws UpreelError `input-unsupported` if the video is one of them.
 */
export async function findEncryption(info: VideoInfo, signal: AbortSignal): Promise<VideoInfo> {
  const encrypted = info.formatName.split(',').includes('mov') ? await listEncrypted(info.path, signal) : new Set();
  const streams = info.streams.map((stream) => {
    if (stream === info.video || !encrypted.has(stream.index)) return stream;
    return { ...stream, obstacle: 'encrypted' as const };
  });
  if (!encrypted.has(info.video.index) && info.video.obstacle !== 'encrypted') return { ...info, streams };
  throw new UpreelError('input-unsupported', `The video of ${info.path} is encrypted (copy protection).`, {
    hint: 'upreel decrypts nothing: take a copy that is in the clear.',
  });
}

async function listEncrypted(path: string, signal: AbortSignal): Promise<ReadonlySet<number>> {
  const { options, source } = safeInput(path);
  const show = ['-show_entries', 'packet=stream_index:packet_side_data=side_data_type', '-of', 'compact=p=0:nk=0'];
  const args = ['-v', 'level+error', ...options, '-read_intervals', `%+${LOOKED_AT_SECONDS}`, ...show, source];
  const encrypted = new Set<number>();
  for await (const line of probeLines(args, signal)) {
    const stream = /^stream_index=(\d+)\|.*side_data_type=Encryption info/.exec(line)?.[1];
    if (stream !== undefined) encrypted.add(Number(stream));
  }
  return encrypted;
}

/** Streams lie beside each other by the second, at most. */
const LOOKED_AT_SECONDS = 2;
