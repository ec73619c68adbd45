import type { Stage } from '../../core/events.ts';
import type { JobSnapshot, JobState } from '../../job/index.ts';
import type { Look } from '../look.ts';
import { type SafeText, safeText, text } from '../safe-text.ts';
import type { Tone } from '../tone.ts';

/** How each state is written: symbol, word and tone; no two have the same symbol. */

export function stateSymbol(state: JobState, { symbols }: Look): SafeText {
  switch (state) {
    case 'queued':
      return symbols.waiting;
    case 'resting':
      return symbols.resting;
    case 'running':
      return symbols.running;
    case 'paused':
      return symbols.paused;
    case 'draining':
      return symbols.draining;
    case 'interrupted':
      return symbols.stopped;
    case 'failed':
      return symbols.failed;
    case 'cancelled':
      return symbols.cancelled;
    case 'done':
      return symbols.done;
  }
}

export function stateTone(state: JobState): Tone {
  switch (state) {
    case 'running':
      return 'active';
    case 'paused':
    case 'draining':
    case 'interrupted':
      return 'caution';
    case 'failed':
      return 'bad';
    case 'done':
      return 'good';
    case 'queued':
    case 'resting':
    case 'cancelled':
      return 'faint';
  }
}

/** Of the bar that tells how much is done. */
export function barTone(state: JobState): Tone {
  return isAtWork(state) ? 'active' : state === 'done' ? 'good' : 'faint';
}

export function stateWord(state: JobState): SafeText {
  return WORDS[state];
}

/** The state with what else belongs to it: "queued, 2nd", "rests until 22:00", "joining" of one that runs. */
export function stateDetail({ state, place, only, progress, rank }: JobSnapshot): SafeText {
  if (rank !== undefined && isAlive(state)) return text`${WORDS[state]}, ${RANKS[rank]}`;
  if (state === 'running') return STAGES[progress?.stage ?? 'prepare'];
  if (state === 'queued' && place !== null) return text`queued, ${ordinal(place)}`;
  const [begin] = only?.split('-') ?? [];
  if (state === 'resting' && begin !== undefined) return text`rests until ${safeText(begin, { maxColumns: 7 })}`;
  return WORDS[state];
}

/** Whether something of it works now. */
export function isAtWork(state: JobState): boolean {
  return state === 'running' || state === 'draining';
}

/** Whether all its frames are made. */
export function isEnding({ progress }: JobSnapshot): boolean {
  return progress !== null && progress.stage !== 'prepare' && progress.stage !== 'upscale';
}

/** Whether its supervisor is there, or waits its turn: nothing has to be done for it to go on. */
export function isAlive(state: JobState): boolean {
  return isAtWork(state) || state === 'paused' || state === 'queued' || state === 'resting';
}

/** Whether its place among those that wait can be changed; films of a fleet share workers while they are made. */
export function canMove({ state, workers }: JobSnapshot): boolean {
  return state === 'queued' || (workers !== undefined && isAlive(state));
}

/** Whether it ended before its result was there. */
export function canResume(state: JobState): boolean {
  return state === 'interrupted' || state === 'failed' || state === 'cancelled';
}

const STAGES: Readonly<Record<Stage, SafeText>> = {
  prepare: text`preparing`,
  upscale: text`running`,
  join: text`joining`,
  verify: text`verifying`,
  publish: text`publishing`,
};

const RANKS: Readonly<Record<NonNullable<JobSnapshot['rank']>, SafeText>> = {
  first: text`goes first`,
  last: text`goes last`,
};

const WORDS: Readonly<Record<JobState, SafeText>> = {
  queued: text`queued`,
  resting: text`resting`,
  running: text`running`,
  paused: text`paused`,
  draining: text`draining`,
  interrupted: text`interrupted`,
  failed: text`failed`,
  cancelled: text`cancelled`,
  done: text`done`,
};

function ordinal(place: number): SafeText {
  const tens = place % 100;
  const ones = tens > 10 && tens < 20 ? 0 : place % 10;
  const ending = ones === 1 ? text`st` : ones === 2 ? text`nd` : ones === 3 ? text`rd` : text`th`;
  return text`${place}${ending}`;
}
