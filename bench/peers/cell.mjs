// One network at one size by all peers: opened, compared, then timed in turns.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import sharp from 'sharp';
import { watchLoad } from './load.mjs';
import { bestAttempt, difference, isDisturbed, orderOf, ratios, roundsFor, summary } from './statistics.mjs';
import { BASELINE } from './table.mjs';

/** upreel's network on the whole picture, without tiles: what the others must give. */
const REFERENCE = 'upreel-tile';
/** Rounding by another order of sums moves a sample by a level; more than this is another picture. */
const LARGEST_DIFFERENCE = 2;
/** Short runs are repeated: processor time is counted in hundredths of a second. */
const TURN_SECONDS = 0.5;
/** Threads of the one before wait actively for a moment. */
const SETTLING_MILLISECONDS = 150;
const MOST_ROUNDS = 7;

/** @returns by way `{ seconds, ratio, difference, rounds, disturbed, redone, about }`, or `{ failure }` */
export async function measureCell({ peers, model, network, side, threads, folder, cellSeconds }) {
  const input = join(folder, `picture-${side}.f32`);
  await writePicture(input, side);
  const results = {};
  const runners = [];
  let reference = null;
  const first = peers.find(({ way }) => way === REFERENCE);
  for (const peer of [first, ...peers.filter((each) => each !== first)]) {
    const output = join(folder, `${peer.way}.u8`);
    const opened = await peer.ask({ open: { ...networkFor(peer, { model, network }), side, threads, folder } });
    const warm = opened.failure ? opened : await peer.ask({ run: { input, output, side, times: 1 } });
    if (warm.failure) {
      results[peer.way] = { failure: warm.failure };
      continue;
    }
    const made = readFileSync(output);
    reference ??= made;
    const found = difference(reference, made);
    const wrong = !peer.way.startsWith('upreel') && found.largest > LARGEST_DIFFERENCE;
    results[peer.way] = { difference: found, wrong, opened: opened.seconds, about: opened.layout ?? opened.version };
    if (!wrong)
      runners.push({ peer, run: { input, output: null, side }, seconds: await settled(peer, warm, input, side) });
  }
  await takeTurns(runners, cellSeconds, results);
  for (const peer of peers) await peer.ask({ close: {} });
  return results;
}

async function settled(peer, warm, input, side) {
  const [first] = warm.seconds;
  if (first > 3 && peer.way !== 'torch-compiled') return first;
  const { seconds } = await peer.ask({ run: { input, output: null, side, times: 1 } });
  return seconds[0];
}

async function takeTurns(runners, cellSeconds, results) {
  const turns = runners.map((runner) => ({ ...runner, times: Math.max(1, Math.ceil(TURN_SECONDS / runner.seconds)) }));
  const perRound = turns.reduce((sum, { times, seconds }) => sum + times * seconds, 0);
  const rounds = roundsFor(perRound, cellSeconds, MOST_ROUNDS);
  // As many again as there are turns in half of the rounds: a busy machine does not hold the run up for ever.
  let again = Math.ceil((rounds * turns.length) / 2);
  const taken = new Map(turns.map(({ peer }) => [peer.way, { seconds: [], disturbed: 0, redone: 0 }]));
  for (let round = 0; round < rounds; round++) {
    for (const turn of orderOf(turns, round)) {
      const attempts = [await takeTurn(turn)];
      while (isDisturbed(attempts.at(-1).load) && again > 0 && attempts.length < 3) {
        again--;
        attempts.push(await takeTurn(turn));
      }
      const best = bestAttempt(attempts);
      const kept = taken.get(turn.peer.way);
      kept.seconds.push(best.value);
      kept.redone += attempts.length - 1;
      if (isDisturbed(best.load)) kept.disturbed++;
    }
  }
  const baseline = taken.get(BASELINE)?.seconds;
  for (const [way, { seconds, disturbed, redone }] of taken) {
    const ratio = baseline ? ratios(seconds, baseline) : null;
    Object.assign(results[way], { seconds: summary(seconds), ratio, rounds, disturbed, redone });
  }
}

/** Seconds of one run, the mean of the turn's. */
async function takeTurn({ peer, run, times }) {
  await setTimeout(SETTLING_MILLISECONDS);
  const loadSince = watchLoad(peer.pid);
  const { seconds, failure } = await peer.ask({ run: { ...run, times } });
  if (failure) throw new Error(`${peer.way}: ${failure}`);
  return { value: seconds.reduce((a, b) => a + b) / seconds.length, load: loadSince() };
}

function networkFor({ way }, { model, network }) {
  return way.startsWith('upreel') ? { model } : { network };
}

/** Not flat: there PReLU's branches would be foretold. Levels of 8 bit as float32 NCHW. */
async function writePicture(path, side) {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 };
  const coarse = { create: { width: side >> 2, height: side >> 2, channels: 3, background: '#000', noise } };
  const levels = await sharp(coarse).resize(side, side).toColourspace('srgb').raw().toBuffer();
  const pixels = side * side;
  const planes = Float32Array.from(levels, (_, at) => levels[(at % pixels) * 3 + Math.floor(at / pixels)] / 255);
  writeFileSync(path, planes);
}
