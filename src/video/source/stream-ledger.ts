import { type FfmpegPlan, ffmpegLines } from '../../core/ffmpeg/ffmpeg.ts';

/** What a stream has, from its first packet to its last. */
export interface StreamLedger {
  readonly packets: number;
  /** Without those of two bytes and less, with which MP4 fills the time between subtitles. */
  readonly filledPackets: number;
  readonly bytes: number;
  /** Of the packet that comes first by its time; null if none has a time. */
  readonly startSeconds: number | null;
  /** The same without what only fills the time. */
  readonly filledStartSeconds: number | null;
  /** The latest end of a packet. */
  readonly endSeconds: number | null;
  /** Sum of the packets' durations; of decoded sound, the number of its samples over their rate. */
  readonly lengthSeconds: number;
  /** Over all bytes, however they are cut into packets. */
  readonly checksum: number;
  /** Times between two packets that neither covers, of a tenth of a second and more; the first thousand. */
  readonly gaps: readonly { readonly startSeconds: number; readonly endSeconds: number }[];
}

/** Less is the rounding of clocks, or the way of a codec. */
const LEAST_GAP_SECONDS = 0.1;
const MOST_GAPS = 1000;

/**
 * Runs a plan that writes framecrc and sums up its streams, in the order of the plan's maps.
 * @throws UpreelError as ffmpeg does.
 */
export async function readLedger(plan: FfmpegPlan, streams: number, signal: AbortSignal): Promise<StreamLedger[]> {
  const sums = Array.from({ length: streams }, () => new Sum());
  for await (const line of ffmpegLines(plan, signal)) {
    const timeBase = /^#tb (\d+): (\d+)\/(\d+)/.exec(line);
    if (timeBase !== null) {
      const sum = sums[Number(timeBase[1])];
      if (sum !== undefined) sum.secondsPerTick = Number(timeBase[2]) / Number(timeBase[3]);
      continue;
    }
    const [stream, , pts, duration, size, crc] = line.split(',', 6).map((field) => field.trim());
    if (crc === undefined) continue;
    sums[Number(stream)]?.add(Number(pts), Number(duration), Number(size), Number(crc));
  }
  return sums.map((sum) => sum.total());
}

/** As ffmpeg prints a time that is not known (the smallest 64-bit integer). */
const NO_TIME = -9e18;
/** Largest prime below 65536 (RFC 1950, 9). */
const ADLER_BASE = 65_521;

class Sum {
  secondsPerTick = 1;
  #packets = 0;
  #filledPackets = 0;
  #bytes = 0;
  #start = Number.POSITIVE_INFINITY;
  #filledStart = Number.POSITIVE_INFINITY;
  #end = Number.NEGATIVE_INFINITY;
  #length = 0;
  #low = 0;
  #high = 0;
  readonly #gaps: { readonly startSeconds: number; readonly endSeconds: number }[] = [];

  add(pts: number, duration: number, size: number, crc: number): void {
    this.#packets++;
    if (size > 2) this.#filledPackets++;
    this.#bytes += size;
    // Where packets have no durations, all would be gaps.
    if (pts > NO_TIME && this.#length > 0) this.#noteGap(pts);
    this.#length += duration;
    if (pts > NO_TIME) {
      this.#start = Math.min(this.#start, pts);
      if (size > 2) this.#filledStart = Math.min(this.#filledStart, pts);
      this.#end = Math.max(this.#end, pts + duration);
    }
    // Adler-32 of two parts from those of each, both begun at 0, as framecrc does.
    this.#high = (this.#high + (crc >>> 16) + (size % ADLER_BASE) * this.#low) % ADLER_BASE;
    this.#low = (this.#low + (crc & 0xffff)) % ADLER_BASE;
  }

  /** @param pts in ticks, of a packet that is not counted yet. */
  #noteGap(pts: number): void {
    const gap = (pts - this.#end) * this.secondsPerTick;
    if (!(gap >= LEAST_GAP_SECONDS && gap < Number.POSITIVE_INFINITY) || this.#gaps.length >= MOST_GAPS) return;
    this.#gaps.push({ startSeconds: this.#end * this.secondsPerTick, endSeconds: pts * this.secondsPerTick });
  }

  total(): StreamLedger {
    const seconds = (ticks: number) => (Number.isFinite(ticks) ? ticks * this.secondsPerTick : null);
    return {
      packets: this.#packets,
      filledPackets: this.#filledPackets,
      bytes: this.#bytes,
      startSeconds: seconds(this.#start),
      filledStartSeconds: seconds(this.#filledStart),
      endSeconds: seconds(this.#end),
      lengthSeconds: this.#length * this.secondsPerTick,
      checksum: this.#high * 65_536 + this.#low,
      gaps: this.#gaps,
    };
  }
}
