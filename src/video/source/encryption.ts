/** What of the packets' side data `EncryptedStreams` reads, by ffprobe's names. */
export const ENCRYPTION_ENTRIES = 'packet_side_data=side_data_type';

/**
 * The streams of an MP4 that are encrypted (ISO/IEC 23001-7): their description is in the clear, and ffmpeg hands out
 * their packets as if they were, too.
 */
export class EncryptedStreams {
  readonly #found = new Set<number>();
  #stream = Number.NaN;

  has(stream: number): boolean {
    return this.#found.has(stream);
  }

  /** @param line of ffprobe's compact JSON: a packet, or what lies beside the one before. */
  read(line: string): void {
    this.#stream = Number(/"stream_index": (\d+)/.exec(line)?.[1] ?? this.#stream);
    if (line.includes('"side_data_type": "Encryption info"')) this.#found.add(this.#stream);
  }
}
