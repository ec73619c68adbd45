// Pure parts of bench/peers.mjs: whose turn it is, what a turn is worth, what a row of turns says.
import { median } from '../support.mjs';

/** More than this of the cores' time taken by others makes a turn worthless. */
const TOLERANCE = 0.05;
/** Linux counts processor time in hundredths of a second, for each core by itself. */
const TICK_SECONDS = 0.01;

/**
 * Share of the cores' time that others took during a turn; what the counters cannot tell apart from nothing is nothing.
 * @param busySeconds of the whole machine, summed over its cores; `ownSeconds`: of the process whose turn it was
 */
export function othersShare({ wallSeconds, cores, busySeconds, ownSeconds }) {
  const others = busySeconds - ownSeconds - TICK_SECONDS * cores;
  return Math.max(0, others) / (wallSeconds * cores);
}

export function isDisturbed(load) {
  return othersShare(load) > TOLERANCE;
}

/** The order of one round: everybody once, each round beginning with another one. */
export function orderOf(ways, round) {
  const first = round % ways.length;
  return [...ways.slice(first), ...ways.slice(0, first)];
}

/** Of the attempts at one turn the first that was not disturbed, else the least disturbed. */
export function bestAttempt(attempts) {
  const quiet = attempts.find(({ load }) => !isDisturbed(load));
  return quiet ?? attempts.reduce((a, b) => (othersShare(b.load) < othersShare(a.load) ? b : a));
}

export function summary(values) {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** Of each round by itself: what changed for both between rounds cancels out. */
export function ratios(seconds, baseline) {
  return summary(seconds.map((value, round) => value / baseline[round]));
}

/** Largest difference of two pictures in levels, and share of samples that differ at all. */
export function difference(expected, got) {
  if (expected.length !== got.length) return { largest: 255, share: 1 };
  let [largest, differing] = [0, 0];
  for (let index = 0; index < expected.length; index++) {
    const distance = Math.abs(expected[index] - got[index]);
    if (distance > 0) differing++;
    if (distance > largest) largest = distance;
  }
  return { largest, share: differing / expected.length };
}

/** Rounds that fit the time of a cell: at least two, so that there is a spread. */
export function roundsFor(secondsPerRound, cellSeconds, most) {
  return Math.min(most, Math.max(2, Math.floor(cellSeconds / secondsPerRound)));
}
