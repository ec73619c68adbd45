/**
 * How long the rest of a job takes, from what it has done so far. Pure: it reads no clock.
 *
 * The unit is effort: output pixels that the network made, and a small part of those that were taken over, as small as
 * the job itself shows them to be. Only active time counts. The pace is the average over all work since the pace last
 * changed for good: long enough to see cheap and expensive stretches as parts of one film, and free of what was before
 * the device became hot, or the caches warm.
 */
export interface Eta {
  /** @param atSeconds of a clock that is never set back; work since the last call */
  observe(atSeconds: number, madePixels: number, reusedPixels: number): void;
  /** What is to be done again was no speed. */
  takeBack(madePixels: number, reusedPixels: number): void;
  /** Null until it can be told. */
  estimate(pixelsLeft: number): Estimate | null;
  /** Of the time so far, what was no work: pauses, standby. */
  readonly idleSeconds: number;
}

export interface Estimate {
  readonly seconds: number;
  /** Shortest and longest likely time, where one number would say too much. */
  readonly range: readonly [number, number] | null;
}

/** Work of earlier runs: tells how much of the film needs work, and nothing of speed. */
export interface EarlierWork {
  readonly madePixels: number;
  readonly reusedPixels: number;
}

interface Stretch {
  readonly seconds: number;
  readonly made: number;
  readonly reused: number;
}

/** Stretches are joined in pairs beyond this many, so that they always cover all work so far. */
const MAX_STRETCHES = 128;
/** Before this much active time and so many stretches a pace says nothing. */
const MIN_SECONDS = 1;
const MIN_STRETCHES = 3;
/** What a reused pixel costs, by that of a made one, until the job has shown it. */
const USUAL_REUSE_COST = 0.03;
/** A silence of this many usual intervals, and of so many seconds, was no work. */
const SILENCE_INTERVALS = 12;
const SILENCE_SECONDS = 12;

export function openEta(earlier: EarlierWork = { madePixels: 0, reusedPixels: 0 }): Eta {
  let stretches: Stretch[] = [];
  let pending: Stretch = NOTHING;
  /** Of how many pixels a stretch is, at least. */
  let stretchPixels = 0;
  let lastSeconds: number | null = null;
  let intervals: number[] = [];
  let idleSeconds = 0;
  let [made, reused] = [earlier.madePixels, earlier.reusedPixels];

  function observe(atSeconds: number, madePixels: number, reusedPixels: number): void {
    made += madePixels;
    reused += reusedPixels;
    const before = lastSeconds;
    lastSeconds = atSeconds;
    // What the first work took is not known: loading the network came before it.
    if (before === null) return;
    const interval = Math.max(0, atSeconds - before);
    const usual = median(intervals);
    const isSilence = intervals.length >= 5 && interval > Math.max(SILENCE_SECONDS, usual * SILENCE_INTERVALS);
    if (isSilence) idleSeconds += interval - usual;
    else intervals = [...intervals.slice(-30), interval];
    pending = join(pending, { seconds: isSilence ? usual : interval, made: madePixels, reused: reusedPixels });
    if (pending.made + pending.reused <= stretchPixels || pending.seconds <= 0) return;
    stretches.push(pending);
    pending = NOTHING;
    if (stretches.length > MAX_STRETCHES) {
      stretches = pairUp(stretches);
      stretchPixels = Math.max(...stretches.map((stretch) => stretch.made + stretch.reused)) / 2;
    }
  }

  function estimate(pixelsLeft: number): Estimate | null {
    const seen = pending.seconds > 0 ? [...stretches, pending] : stretches;
    const active = seen.reduce((sum, { seconds }) => sum + seconds, 0);
    if (seen.length < MIN_STRETCHES || active < MIN_SECONDS || made + reused <= 0) return null;
    const reuseCost = costOfReuse(seen);
    const paces = seen.map((stretch) => ({ seconds: stretch.seconds, effort: effortOf(stretch, reuseCost) }));
    const recent = paces.slice(lastChange(paces));
    const effort = recent.reduce((sum, pace) => sum + pace.effort, 0);
    if (effort <= 0) return null;
    const secondsEach = recent.reduce((sum, { seconds }) => sum + seconds, 0) / effort;
    // Of what is left as much needs work as of all so far, earlier runs included.
    const effortLeft = pixelsLeft * (effortOf({ made, reused }, reuseCost) / (made + reused));
    const seconds = effortLeft * secondsEach;
    return { seconds, range: rangeOf(seconds, recent, effortLeft) };
  }

  return {
    observe,
    takeBack(madePixels, reusedPixels) {
      made -= madePixels;
      reused -= reusedPixels;
    },
    estimate,
    get idleSeconds() {
      return idleSeconds;
    },
  };
}

const NOTHING: Stretch = { seconds: 0, made: 0, reused: 0 };

interface Pace {
  readonly seconds: number;
  readonly effort: number;
}

function effortOf({ made, reused }: { readonly made: number; readonly reused: number }, reuseCost: number): number {
  return made + reused * reuseCost;
}

/**
 * What a reused pixel costs, by that of a made one: least squares over the stretches for
 * seconds = a * made + b * reused, where they differ enough to tell a from b.
 */
function costOfReuse(stretches: readonly Stretch[]): number {
  const sum = (of: (stretch: Stretch) => number) => stretches.reduce((total, stretch) => total + of(stretch), 0);
  const mm = sum(({ made }) => made * made);
  const rr = sum(({ reused }) => reused * reused);
  const mr = sum(({ made, reused }) => made * reused);
  const determinant = mm * rr - mr * mr;
  if (mm === 0) return 1;
  if (determinant < 0.02 * mm * rr || rr === 0) return USUAL_REUSE_COST;
  const ms = sum(({ made, seconds }) => made * seconds);
  const rs = sum(({ reused, seconds }) => reused * seconds);
  const a = (ms * rr - rs * mr) / determinant;
  const b = (rs * mm - ms * mr) / determinant;
  return a <= 0 ? USUAL_REUSE_COST : Math.min(1, Math.max(0, b / a));
}

/** Of the unexplained differences of pace, as much must go with a change for it to be one. */
const CHANGE_EXPLAINS = 0.7;
/** A smaller change makes no difference, and a shorter one may pass. */
const CHANGE_SIZE = 0.12;
const CHANGE_STRETCHES = 4;

/** Index of the first stretch since the pace changed for good; 0: it never did. */
function lastChange(paces: readonly Pace[]): number {
  let from = 0;
  for (;;) {
    const next = biggestChange(paces, from);
    if (next === null) return from;
    from = next;
  }
}

/** Where one step explains most of the differences of the paces from `from` on. */
function biggestChange(paces: readonly Pace[], from: number): number | null {
  const sums = prefixSums(paces, from);
  const count = paces.length - from;
  const whole = sums.spread(0, count);
  let best: { readonly at: number; readonly spread: number } | null = null;
  for (let at = 1; at <= count - CHANGE_STRETCHES; at++) {
    const spread = sums.spread(0, at) + sums.spread(at, count);
    if (best === null || spread < best.spread) best = { at, spread };
  }
  if (best === null || best.spread > whole * (1 - CHANGE_EXPLAINS)) return null;
  const [before, after] = [sums.mean(0, best.at), sums.mean(best.at, count)];
  return Math.abs(after - before) > CHANGE_SIZE * Math.min(before, after) ? from + best.at : null;
}

/** Means and squared differences of the seconds an effort takes, weighted by effort, between any two indexes. */
function prefixSums(paces: readonly Pace[], from: number) {
  const weights = [0];
  const firsts = [0];
  const squares = [0];
  for (const { seconds, effort } of paces.slice(from)) {
    const each = effort > 0 ? seconds / effort : 0;
    weights.push(weights.at(-1)! + effort);
    firsts.push(firsts.at(-1)! + effort * each);
    squares.push(squares.at(-1)! + effort * each * each);
  }
  const over = (sums: readonly number[], a: number, b: number) => sums[b]! - sums[a]!;
  return {
    mean: (a: number, b: number) => over(firsts, a, b) / Math.max(Number.MIN_VALUE, over(weights, a, b)),
    spread: (a: number, b: number) => {
      const weight = over(weights, a, b);
      return weight <= 0 ? 0 : Math.max(0, over(squares, a, b) - over(firsts, a, b) ** 2 / weight);
    },
  };
}

/** Narrower than this share of the time, and one number says it. */
const STEADY_SHARE = 0.1;

/** About four times in five the truth lies inside, if the rest is like what was seen. */
function rangeOf(seconds: number, paces: readonly Pace[], effortLeft: number): readonly [number, number] | null {
  const groups = inGroups(paces);
  if (groups.length < 3) return [seconds / 1.5, seconds * 1.5];
  const each = groups.map(({ seconds, effort }) => seconds / Math.max(Number.MIN_VALUE, effort));
  const mean = each.reduce((sum, value) => sum + value, 0) / each.length;
  const variance = each.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (each.length - 1);
  const groupEffort = groups.reduce((sum, { effort }) => sum + effort, 0) / groups.length;
  const groupsLeft = Math.max(1, effortLeft / groupEffort);
  const share = 1.28 * (Math.sqrt(variance) / mean) * Math.sqrt(1 / groups.length + 1 / groupsLeft);
  if (share < STEADY_SHARE) return null;
  return [seconds * Math.max(0, 1 - share), seconds * (1 + share)];
}

/** Neighbours resemble each other, so that many short stretches would seem to say more than they do. */
function inGroups(paces: readonly Pace[]): readonly Pace[] {
  const size = Math.max(1, Math.round(paces.length / GROUPS));
  return Array.from({ length: Math.floor(paces.length / size) }, (_, index) =>
    paces
      .slice(index * size, (index + 1) * size)
      .reduce((sum, pace) => ({ seconds: sum.seconds + pace.seconds, effort: sum.effort + pace.effort })),
  );
}

const GROUPS = 12;

function join(a: Stretch, b: Stretch): Stretch {
  return { seconds: a.seconds + b.seconds, made: a.made + b.made, reused: a.reused + b.reused };
}

function pairUp(stretches: readonly Stretch[]): Stretch[] {
  return Array.from({ length: Math.ceil(stretches.length / 2) }, (_, index) =>
    join(stretches[2 * index]!, stretches[2 * index + 1] ?? NOTHING),
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
