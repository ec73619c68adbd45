import { UpreelError } from '../../core/errors.ts';
import { ProgramError, probeLines } from '../../core/ffmpeg/ffmpeg.ts';
import type { LastFrame } from '../finish/join-plan.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import { parseRational, toSeconds } from '../rational.ts';
import { PacketTally, parsePacket } from '../source/scan.ts';

/** What the join needs to know of a segment's file. */
export interface SegmentFacts {
  /** Time of its first frame, as ffmpeg's demuxer gives it. */
  readonly startSeconds: number;
  /** Hash of the codec's parameter sets. */
  readonly parameters: string;
  readonly lastFrame: LastFrame;
}

/**
 * Holds a segment's file against the frames that went into it: their count and every time.
 * @throws UpreelError `verification-failed`.
 */
export async function verifySegment(
  plan: VideoPlan,
  file: string,
  ptsTicks: readonly number[],
  signal: AbortSignal,
): Promise<SegmentFacts> {
  const { times, ...facts } = await readSegment(file, signal);
  if (times.length !== ptsTicks.length) throw failed(`it has ${times.length} frames, expected ${ptsTicks.length}`);
  const { timeBase } = plan.frames;
  const expected = Float64Array.from(ptsTicks, (ticks) => toSeconds(ticks, timeBase) - plan.shiftSeconds).sort();
  for (const [index, seconds] of expected.entries()) {
    const actual = times[index] ?? Number.NaN;
    if (Math.abs(actual - seconds) <= TOLERANCE_SECONDS) continue;
    throw failed(`its frame ${index + 1} is at ${actual.toFixed(6)} s, expected ${seconds.toFixed(6)} s`);
  }
  return facts;
}

/** Half of what the result may be off, so that the join has its half. */
const TOLERANCE_SECONDS = 0.0005 + 1e-6;

/** All of it in one run of ffprobe: segments are many, and starting a program costs more than reading one. */
export async function readSegment(file: string, signal: AbortSignal): Promise<SegmentFacts & { times: Float64Array }> {
  const show = 'packet=pts,duration,flags:stream=time_base,extradata_hash:format=start_time';
  const args = ['-v', 'level+error', '-protocol_whitelist', 'file', '-select_streams', 'v:0'];
  const output = ['-show_data_hash', 'sha256', '-show_entries', show, '-of', 'compact=p=1:nk=0', `file:${file}`];
  const ticks: number[] = [];
  const tally = new PacketTally();
  let timeBase = parseRational('1/1');
  let parameters = '';
  let startSeconds = 0;
  try {
    for await (const line of probeLines([...args, ...output], signal)) {
      const [section, ...fields] = line.split('|');
      const values = new Map(fields.map((field) => field.split('=', 2) as [string, string]));
      const packet = section === 'packet' ? parsePacket(values) : null;
      if (packet !== null) ticks.push(packet.pts);
      if (packet !== null) tally.add(packet);
      if (section === 'stream') timeBase = parseRational(values.get('time_base'));
      if (section === 'stream') parameters = values.get('extradata_hash') ?? '';
      if (section === 'format') startSeconds = Number(values.get('start_time') ?? 0);
    }
  } catch (error) {
    if (error instanceof ProgramError && !error.wasKilled) throw failed('it cannot be read', error);
    throw error;
  }
  if (timeBase === null) throw failed('it has no time base');
  const unit = timeBase;
  const { lastIndex, ptsTicks, lastDurationTicks } = tally.result();
  return {
    startSeconds,
    parameters,
    lastFrame: {
      packetIndex: lastIndex,
      seconds: toSeconds(ptsTicks.at(-1) ?? 0, unit),
      durationSeconds: toSeconds(lastDurationTicks, unit),
    },
    times: Float64Array.from(ticks, (tick) => toSeconds(tick, unit)).sort(),
  };
}

function failed(what: string, cause?: unknown): UpreelError {
  return new UpreelError('verification-failed', `A finished segment is not what it should be: ${what}.`, {
    hint: 'Try another encoder, and report the file if it happens again.',
    cause,
  });
}
