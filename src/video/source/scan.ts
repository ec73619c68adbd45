import { probeLines } from '../../core/ffmpeg/ffmpeg.ts';
import { safeInput } from './safe-input.ts';

/** Every packet of one video stream, as the demuxer gives it: the count and the times that the result must have. */
export interface PacketScan {
  readonly packetsRead: number;
  /** Packets to be shown: without those that an edit list cuts away. */
  readonly packets: number;
  /** Presentation times in ticks of the stream's time base, ascending; shorter than `packets` where some have none. */
  readonly ptsTicks: Float64Array;
  /** Times of the keyframes among them, ascending, without those that are shown before a packet that precedes them. */
  readonly keyTicks: Float64Array;
  /** Of the packet shown last; 0 if the container does not say. */
  readonly lastDurationTicks: number;
  /** Place of the packet shown last among all that were read. */
  readonly lastIndex: number;
  /** The byte after the last packet, where the demuxer tells positions; else 0. */
  readonly endByte: number;
  /** Of the stream's packets together. */
  readonly bytes: number;
  /** Of the packet that has least of those to be shown; 0 if there is none. */
  readonly smallestBytes: number;
  /**
   * The first thing that the demuxer complained about; it goes on after the broken place, and leaves out what was
   * there.
   */
  readonly demuxerError: string | null;
}

export interface ScannedPacket {
  /** NaN if it has none. */
  readonly pts: number;
  readonly duration: number;
  readonly bytes: number;
  /** Where it begins in the file, or something that belongs to it; NaN if not known. */
  readonly position: number;
  readonly isKey: boolean;
  readonly isDiscarded: boolean;
}

/**
 * @param path absolute.
 * @param onPacket hears each, in the order in which they are stored.
 */
export async function scanPackets(
  path: string,
  streamIndex: number,
  signal: AbortSignal,
  onPacket: (packet: ScannedPacket) => Promise<void> = async () => {},
): Promise<PacketScan> {
  const { options, source } = safeInput(path);
  const show = ['-select_streams', `${streamIndex}`, '-show_entries', 'packet=pts,duration,size,pos,flags'];
  const args = ['-v', 'level+error', ...options, ...show, '-of', 'compact=p=0:nk=0', source];
  const tally = new PacketTally();
  let demuxerError: string | null = null;
  const onMessage = (line: string) => {
    demuxerError ??= demuxerErrorOf(line);
  };
  for await (const line of probeLines(args, signal, onMessage)) {
    const packet = parsePacket(parseFields(line));
    if (packet === null) continue;
    await onPacket(packet);
    tally.add(packet);
  }
  return { ...tally.result(), demuxerError };
}

/** Of packets that are listed already, and of which the demuxer had nothing to complain. */
export async function scanListed(
  packets: readonly ScannedPacket[],
  onPacket: (packet: ScannedPacket) => Promise<void> = async () => {},
): Promise<PacketScan> {
  const tally = new PacketTally();
  for (const packet of packets) {
    await onPacket(packet);
    tally.add(packet);
  }
  return { ...tally.result(), demuxerError: null };
}

/** Adds up the packets of one stream, in the order in which they are stored. */
export class PacketTally {
  readonly #times: number[] = [];
  readonly #keys: number[] = [];
  #packetsRead = 0;
  #packets = 0;
  #endByte = 0;
  #bytes = 0;
  #smallestBytes = Number.POSITIVE_INFINITY;
  #last = { pts: Number.NEGATIVE_INFINITY, duration: 0, index: 0 };

  add(packet: ScannedPacket): void {
    this.#packetsRead++;
    this.#endByte = Math.max(this.#endByte, packet.position + packet.bytes || 0);
    this.#bytes += packet.bytes;
    if (packet.isDiscarded) return;
    this.#packets++;
    this.#smallestBytes = Math.min(this.#smallestBytes, packet.bytes);
    if (Number.isNaN(packet.pts)) return;
    this.#times.push(packet.pts);
    if (packet.pts <= this.#last.pts) return;
    if (packet.isKey) this.#keys.push(packet.pts);
    this.#last = { pts: packet.pts, duration: packet.duration, index: this.#packetsRead - 1 };
  }

  result(): Omit<PacketScan, 'demuxerError'> {
    return {
      packetsRead: this.#packetsRead,
      packets: this.#packets,
      ptsTicks: Float64Array.from(this.#times).sort(),
      keyTicks: Float64Array.from(this.#keys),
      lastDurationTicks: this.#last.duration,
      lastIndex: this.#last.index,
      endByte: this.#endByte,
      bytes: this.#bytes,
      smallestBytes: this.#packets === 0 ? 0 : this.#smallestBytes,
    };
  }
}

/** Of the containers whose demuxers say nothing of the kind about sound files. */
const DEMUXER_ERROR = /^\[(?:matroska,webm|flv) @ 0x[0-9a-f]+\] \[error\] (.+)$/;

/** null: the message is of something else. */
export function demuxerErrorOf(message: string): string | null {
  return DEMUXER_ERROR.exec(message)?.[1] ?? null;
}

/** Of a line in ffprobe's compact form. */
export function parseFields(line: string): ReadonlyMap<string, string> {
  return new Map(line.split('|').map((field) => field.split('=', 2) as [string, string]));
}

/** What of each packet `parsePacket` reads. */
export const PACKET_ENTRIES = 'packet=stream_index,pts,duration,size,pos,flags';

/**
 * Of a packet's line in ffprobe's compact JSON: the stream that it belongs to, and the packet; null: it is of neither.
 */
export function parseJsonPacket(line: string): { readonly stream: number; readonly packet: ScannedPacket } | null {
  const fields = new Map([...line.matchAll(/"(\w+)": "?([^",]+)/g)].map(([, name = '', value = '']) => [name, value]));
  const packet = parsePacket(fields);
  return packet === null ? null : { stream: Number(fields.get('stream_index')), packet };
}

/** @param fields of ffprobe */
export function parsePacket(fields: ReadonlyMap<string, string>): ScannedPacket | null {
  const flags = fields.get('flags');
  if (flags === undefined) return null;
  return {
    pts: Number(fields.get('pts') ?? Number.NaN),
    duration: Number(fields.get('duration')) || 0,
    bytes: Number(fields.get('size')) || 0,
    position: Number(fields.get('pos') ?? Number.NaN),
    isKey: flags.includes('K'),
    isDiscarded: flags.includes('D'),
  };
}
