import { type Rational, reduced, toSeconds } from '../rational.ts';
import type { FrameList } from './frame-list.ts';

/** Times in ticks, ascending. */
type Times = Pick<FrameList, 'ptsTicks' | 'timeBase'>;

/**
 * The rate of a film of one rate. Times in milliseconds are rounded, and an average of them is a little off (17671/737
 * for 24000/1001): every time has to lie where a rate puts it, as near as rounding brings it. Frames may be missing
 * here and there.
 * @param average ffprobe's avg_frame_rate. @param base its r_frame_rate; of interlaced video often that of the fields.
 * @returns null: the rate varies, or cannot be told.
 */
export function nominalRate(average: Rational, base: Rational | null, times: Times): Rational | null {
  const [byAverage, byBase] = [usualRate(average), usualRate(base ?? average)];
  const spread = spreadSeconds(byAverage, times);
  // What counts in frames has the exact average, also of a rate for which no name was made.
  if (spread < EXACT_SECONDS) return byAverage;
  if (spreadSeconds(byBase, times) < ROUNDING_SECONDS) return byBase;
  return spread < ROUNDING_SECONDS ? byAverage : null;
}

const EXACT_SECONDS = 1e-6;
/** What milliseconds move, once more for fields in the middle between rounded frames. */
const ROUNDING_SECONDS = 0.002;

/** Files keep a rate as the nanoseconds of a frame, which ffprobe prints as 19001/317 for 60000/1001. */
function usualRate(rate: Rational): Rational {
  const perSecond = rate.num / rate.den;
  const usual = [
    { num: Math.round(perSecond), den: 1 },
    { num: 1000 * Math.round(perSecond * 1.001), den: 1001 },
  ];
  return usual.find(({ num, den }) => Math.abs(den / num - 1 / perSecond) < 2e-9) ?? reduced(rate);
}

/** How far the times are from an even grid that lies as well as it can. Infinite if they are on none of that rate. */
function spreadSeconds(rate: Rational, { ptsTicks, timeBase }: Times): number {
  if (ptsTicks.length < 2) return Number.POSITIVE_INFINITY;
  const ticksPerFrame = (rate.den * timeBase.den) / (rate.num * timeBase.num);
  let [least, most, place, single] = [0, 0, 0, 0];
  for (let index = 1; index < ptsTicks.length; index++) {
    const step = Math.round(((ptsTicks[index] ?? 0) - (ptsTicks[index - 1] ?? 0)) / ticksPerFrame);
    if (step < 1) return Number.POSITIVE_INFINITY;
    if (step === 1) single++;
    place += step;
    const off = (ptsTicks[index] ?? 0) - (ptsTicks[0] ?? 0) - place * ticksPerFrame;
    least = Math.min(least, off);
    most = Math.max(most, off);
  }
  return single < FEWEST_SINGLE * (ptsTicks.length - 1) ? Number.POSITIVE_INFINITY : toSeconds(most - least, timeBase);
}

/** Where more frames are missing than this leaves, the rate does not say how often there is one. */
const FEWEST_SINGLE = 0.9;

/**
 * How long the last frame is shown, in seconds: of a film of one rate, until the next would come, so that its length is
 * a whole number of frames; 0 if unknown.
 */
export function lastFrameSeconds(frames: FrameList, rate: Rational): number {
  const listed = toSeconds(frames.lastDurationTicks, frames.timeBase);
  if (nominalRate(rate, null, frames) === null) return listed;
  const { ptsTicks, timeBase } = frames;
  const lasted = toSeconds((ptsTicks.at(-1) ?? 0) - (ptsTicks[0] ?? 0), timeBase);
  const nominal = ((Math.round((lasted * rate.num) / rate.den) + 1) * rate.den) / rate.num - lasted;
  return listed === 0 || Math.abs(nominal - listed) < ROUNDING_SECONDS ? nominal : listed;
}
