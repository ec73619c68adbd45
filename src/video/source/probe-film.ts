import { stat } from 'node:fs/promises';
import { UpreelError } from '../../core/errors.ts';
import { ENCRYPTION_ENTRIES, EncryptedStreams } from './encryption.ts';
import { looksLikeMatroska, looksLikeMp4 } from './file-end.ts';
import { PacketListing } from './packet-listing.ts';
import { probeVideo } from './probe.ts';
import { PACKET_ENTRIES, type ScannedPacket } from './scan.ts';
import { isShort } from './short-film.ts';
import type { VideoInfo } from './video-info.ts';

export interface ProbedFilm {
  readonly source: VideoInfo;
  /** Of its video, as stored, where they were listed on the way; null: they are yet to be listed. */
  readonly packets: readonly ScannedPacket[] | null;
}

/**
 * Reads what a film is, as `probeVideo`, and marks the streams of an MP4 that are encrypted. Of a short film all
 * packets are listed in the same run.
 * @throws UpreelError as `probeVideo`; `input-unsupported` if the video is encrypted.
 */
export async function probeFilm(input: string, signal: AbortSignal): Promise<ProbedFilm> {
  const encrypted = new EncryptedStreams();
  const beginning = {
    options: [
      '-read_intervals',
      `%+${LOOKED_AT_SECONDS}`,
      '-show_entries',
      `packet=stream_index:${ENCRYPTION_ENTRIES}`,
    ],
    onLine: (line: string) => encrypted.read(line),
  };
  switch (await sortOf(input)) {
    case 'short': {
      const listing = new PacketListing();
      const source = await probeVideo(input, signal, {
        options: ['-show_entries', `${PACKET_ENTRIES}:${ENCRYPTION_ENTRIES}`],
        onLine(line) {
          encrypted.read(line);
          listing.read(line);
        },
        onMessage: (line) => listing.readMessage(line),
      });
      return { source: withoutEncrypted(source, encrypted), packets: listing.of(source.video.index) };
    }
    case 'MP4':
      return { source: withoutEncrypted(await probeVideo(input, signal, beginning), encrypted), packets: null };
    case 'other': {
      const source = await probeVideo(input, signal);
      // An MP4 that begins in another way.
      if (source.formatName.split(',').includes('mov')) await probeVideo(input, signal, beginning);
      return { source: withoutEncrypted(source, encrypted), packets: null };
    }
  }
}

/** Streams lie beside each other by the second, at most. */
const LOOKED_AT_SECONDS = 2;

/**
 * Only what has all of its description at its beginning is the same whether its packets are read before it is asked or
 * not. What cannot be opened is for the probe to tell, and a pipe is not to be touched.
 */
async function sortOf(input: string): Promise<'short' | 'MP4' | 'other'> {
  const found = await stat(input).catch(() => null);
  if (!found?.isFile()) return 'other';
  const isMp4 = await looksLikeMp4(input).catch(() => false);
  const isWhole = isMp4 || (await looksLikeMatroska(input).catch(() => false));
  if (isWhole && isShort(found.size)) return 'short';
  return isMp4 ? 'MP4' : 'other';
}

function withoutEncrypted(info: VideoInfo, encrypted: EncryptedStreams): VideoInfo {
  const streams = info.streams.map((stream) => {
    if (stream === info.video || !encrypted.has(stream.index)) return stream;
    return { ...stream, obstacle: 'encrypted' as const };
  });
  if (!encrypted.has(info.video.index) && info.video.obstacle !== 'encrypted') return { ...info, streams };
  throw new UpreelError('input-unsupported', `The video of ${info.path} is encrypted (copy protection).`, {
    hint: 'upreel decrypts nothing: take a copy that is in the clear.',
  });
}
