import { stat } from 'node:fs/promises';
import { UpreelError } from '../../core/errors.ts';
import { looksLikeMp4 } from './file-end.ts';
import { probeVideo } from './probe.ts';
import type { PacketQuestion } from './read-report.ts';
import type { VideoInfo } from './video-info.ts';

/**
 * Reads what a film is, as `probeVideo`, and marks the streams of an MP4 that are encrypted (ISO/IEC 23001-7): their
 * description is in the clear, and ffmpeg hands out their packets as if they were, too.
 * @throws UpreelError as `probeVideo`; `input-unsupported` if the video is encrypted.
 */
export async function probeFilm(input: string, signal: AbortSignal): Promise<VideoInfo> {
  const encrypted = new Set<number>();
  // What cannot be opened is for the probe to tell, and a pipe is not to be touched.
  const isFile = await stat(input)
    .then((found) => found.isFile())
    .catch(() => false);
  const isMp4 = isFile && (await looksLikeMp4(input).catch(() => false));
  const info = await probeVideo(input, signal, isMp4 ? findEncrypted(encrypted) : undefined);
  // An MP4 that begins in another way.
  if (!isMp4 && info.formatName.split(',').includes('mov')) await probeVideo(input, signal, findEncrypted(encrypted));
  const streams = info.streams.map((stream) => {
    if (stream === info.video || !encrypted.has(stream.index)) return stream;
    return { ...stream, obstacle: 'encrypted' as const };
  });
  if (!encrypted.has(info.video.index) && info.video.obstacle !== 'encrypted') return { ...info, streams };
  throw new UpreelError('input-unsupported', `The video of ${info.path} is encrypted (copy protection).`, {
    hint: 'upreel decrypts nothing: take a copy that is in the clear.',
  });
}

function findEncrypted(found: Set<number>): PacketQuestion {
  let stream = Number.NaN;
  return {
    options: [
      ...['-read_intervals', `%+${LOOKED_AT_SECONDS}`],
      ...['-show_entries', 'packet=stream_index:packet_side_data=side_data_type'],
    ],
    onLine(line) {
      stream = Number(/"stream_index": (\d+)/.exec(line)?.[1] ?? stream);
      if (line.includes('"side_data_type": "Encryption info"')) found.add(stream);
    },
  };
}

/** Streams lie beside each other by the second, at most. */
const LOOKED_AT_SECONDS = 2;
