import { verifyCarried } from '../plan/carried-streams.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import { toSeconds } from '../rational.ts';
import { probeVideo } from '../source/probe.ts';
import type { PacketQuestion } from '../source/read-report.ts';
import { PACKET_ENTRIES, PacketTally, parseJsonPacket, scanPackets } from '../source/scan.ts';
import type { StreamWarning } from '../source/streams.ts';
import type { VideoInfo } from '../source/video-info.ts';
import { expectEqual, failed } from './verification-failure.ts';

export interface Verification {
  /** The largest distance of a frame's time from its source frame's. */
  readonly maxDeviationSeconds: number;
  /** What was checked, in words. */
  readonly checks: readonly string[];
  readonly bytes: number;
  readonly warnings: readonly StreamWarning[];
}

/**
 * Holds a finished file against the plan and the decoded frames, packet by packet: frame count, every time, size,
 * streams, chapters.
 * @param ptsTicks times of the decoded frames, in ticks of the plan's frame list.
 * @throws UpreelError `verification-failed`.
 */
export async function verifyResult(
  plan: VideoPlan,
  ptsTicks: readonly number[],
  file: string,
  signal: AbortSignal,
): Promise<Verification> {
  const index = plan.streams.order.indexOf(null);
  const tally = new PacketTally();
  const result = await probeVideo(file, signal, packetsOf(index, tally));
  compareStreams(plan, result);
  // A muxer may order streams in its own way: Matroska has attachments last.
  const { video } = result;
  const scan = video.index === index ? tally.result() : await scanPackets(file, video.index, signal);
  expectListed(plan, ptsTicks);
  expectEqual('frames', ptsTicks.length, scan.packets);
  const { timeBase } = plan.frames;
  const expected = Float64Array.from(ptsTicks, (ticks) => toSeconds(ticks, timeBase) - plan.shiftSeconds).sort();
  let maxDeviationSeconds = 0;
  for (const [index, seconds] of expected.entries()) {
    const actual = toSeconds(scan.ptsTicks[index] ?? Number.NaN, result.video.timeBase);
    const deviation = Math.abs(actual - seconds);
    if (!(deviation <= TOLERANCE_SECONDS)) {
      throw failed(`frame ${index + 1} is at ${actual.toFixed(6)} s, expected ${seconds.toFixed(6)} s`);
    }
    maxDeviationSeconds = Math.max(maxDeviationSeconds, deviation);
  }
  const { width, height } = result.video.size;
  const timecode = compareTimecodes(plan, result);
  const checks = [
    `${scan.packets} frames, counted in the result`,
    `every frame at its time, at most ${(1000 * maxDeviationSeconds).toFixed(3)} ms away`,
    `width and height ${width}x${height}`,
    `${plan.streams.order.length} streams of the planned kinds`,
    ...(plan.timecode === null || timecode.length > 0 ? [] : [`timecode from ${plan.timecode}`]),
    ...(await verifyCarried(plan, result, signal)),
  ];
  return {
    maxDeviationSeconds,
    checks,
    bytes: result.fileBytes,
    warnings: [...timecode, ...compareChapters(plan, result)],
  };
}

function packetsOf(stream: number, tally: PacketTally): PacketQuestion {
  return {
    options: ['-show_entries', PACKET_ENTRIES],
    onLine(line) {
      if (!line.includes(`"stream_index": ${stream},`)) return;
      const packet = parseJsonPacket(line)?.packet ?? null;
      if (packet !== null) tally.add(packet);
    },
  };
}

/** A millisecond, and a little for the rounding of the numbers themselves. */
const TOLERANCE_SECONDS = 0.001 + 1e-6;

/** What the decoder gave, against what the filters said before the work. @throws UpreelError `verification-failed`. */
export function expectListed({ frames, concealsErrors }: VideoPlan, decoded: readonly number[]): void {
  if (!frames.isExact || concealsErrors) return;
  const { ptsTicks, timeBase } = frames;
  expectEqual('frames', ptsTicks.length, decoded.length);
  for (const [index, ticks] of ptsTicks.entries()) {
    if (decoded[index] === ticks) continue;
    const [at, expected] = [decoded[index] ?? Number.NaN, ticks].map((time) => toSeconds(time, timeBase).toFixed(6));
    throw failed(`frame ${index + 1} was decoded at ${at} s, listed at ${expected} s`);
  }
}

function compareStreams(plan: VideoPlan, result: VideoInfo): void {
  const { encodedSize, streams, source } = plan;
  expectEqual('width', encodedSize.width, result.video.size.width);
  expectEqual('height', encodedSize.height, result.video.size.height);
  const planned = streams.order.map((entry) => kindOf(entry === null ? source.video : entry.source));
  const found = result.streams.filter((stream) => stream.kind !== 'data').map(kindOf);
  expectEqual('streams', planned.sort().join(', '), found.sort().join(', '));
}

function compareTimecodes({ timecode }: VideoPlan, result: VideoInfo): StreamWarning[] {
  const found = result.timecode?.start ?? null;
  if (timecode === found) return [];
  const message = `The result has ${found === null ? 'no timecode' : `the timecode ${found}`}, expected ${timecode}.`;
  return [{ code: 'timecode-differs', message }];
}

/** Containers differ in the chapters that they can say (empty ones, ones past the end): no reason to lose the film. */
function compareChapters({ source, picture }: VideoPlan, result: VideoInfo): StreamWarning[] {
  if (source.chapters === result.chapters || picture.trim !== null) return [];
  const message = `The result has ${result.chapters} chapters, the source ${source.chapters}.`;
  return [{ code: 'chapters-differ', message }];
}

/** Matroska stores cover art as an attachment. */
function kindOf(stream: { readonly kind: string; readonly isCoverArt: boolean }): string {
  return stream.isCoverArt ? 'cover art' : stream.kind;
}
