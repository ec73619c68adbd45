import type { JobAction, JobSnapshot } from '../../job/index.ts';
import type { Key } from '../keyboard.tsx';
import { canMove, canResume, isAlive } from './job-state.ts';
import type { PreviewChange } from './preview-view.ts';
import { type DashboardAction, type DashboardState, selectedJob } from './ui-state.ts';

/** What a key asks for. */
export type Command =
  | { readonly type: 'change'; readonly action: DashboardAction }
  | { readonly type: 'act'; readonly id: string; readonly action: JobAction }
  /** Asked of a job that cannot do it now. */
  | { readonly type: 'refuse'; readonly words: string }
  | { readonly type: 'leave' | 'drain-own' | 'abort-own' | 'redraw' };

/** @param ownsJobs this terminal started jobs that are not over */
export function commandFor(key: Key, state: DashboardState, ownsJobs: boolean): Command | null {
  if (key.ctrl && key.input === 'c') {
    if (!ownsJobs || state.mode.kind === 'ask-leave') return { type: 'leave' };
    return setMode({ kind: 'ask-leave' });
  }
  if (key.ctrl && key.input === 'l') return { type: 'redraw' };
  switch (state.mode.kind) {
    case 'filter':
      return filterKey(key, state);
    case 'help':
      return isOneOf(key, 'q?h', 'escape', 'return') ? setMode({ kind: 'jobs' }) : null;
    case 'ask':
      if (isOneOf(key, 'yY')) return { type: 'act', id: state.mode.id, action: state.mode.question };
      return isOneOf(key, 'nNq', 'escape', 'return') ? setMode({ kind: 'jobs' }) : null;
    case 'ask-leave':
      return leaveKey(key);
    case 'jobs':
      return jobKey(key, state);
  }
}

function leaveKey(key: Key): Command | null {
  if (isOneOf(key, 'lLq')) return { type: 'leave' };
  if (isOneOf(key, 'dD')) return { type: 'drain-own' };
  if (isOneOf(key, 'aA')) return { type: 'abort-own' };
  return isOneOf(key, 'sSnN', 'escape', 'return') ? setMode({ kind: 'jobs' }) : null;
}

function filterKey(key: Key, { filter }: DashboardState): Command | null {
  if (key.return || key.upArrow || key.downArrow) return setMode({ kind: 'jobs' });
  if (key.escape) return change({ type: 'filter', filter: '' }, { kind: 'jobs' });
  if (key.backspace || key.delete) {
    return change({ type: 'filter', filter: [...filter].slice(0, -1).join('') });
  }
  // What a terminal answers, or pastes as keys, is no text.
  if (key.ctrl || key.meta || key.input === '' || key.input.startsWith('[')) return null;
  return change({ type: 'filter', filter: (filter + key.input).slice(0, MAX_FILTER) });
}

const MAX_FILTER = 60;

function jobKey(key: Key, state: DashboardState): Command | null {
  if (state.showsPreview) {
    const command = previewKey(key, state);
    if (command !== null) return command;
  }
  if (key.upArrow || key.input === 'k') return change({ type: 'select', by: -1 });
  if (key.downArrow || key.input === 'j') return change({ type: 'select', by: 1 });
  if (key.pageUp) return change({ type: 'select', by: -10 });
  if (key.pageDown) return change({ type: 'select', by: 10 });
  if (key.home || key.input === 'g') return change({ type: 'select-end', end: 'first' });
  if (key.end || key.input === 'G') return change({ type: 'select-end', end: 'last' });
  if (key.escape) {
    if (state.showsPreview) return change({ type: 'toggle', what: 'preview' });
    return state.filter === '' ? null : change({ type: 'filter', filter: '' });
  }
  switch (key.input) {
    case 'q':
    case 'Q':
      return { type: 'leave' };
    case 'l':
      return change({ type: 'toggle', what: 'log' });
    case 'v':
      return change({ type: 'toggle', what: 'preview' });
    case 's':
      return change({ type: 'sort' });
    case '/':
      return setMode({ kind: 'filter' });
    case '?':
    case 'h':
      return setMode({ kind: 'help' });
  }
  const job = selectedJob(state);
  if (job === null) return null;
  if (key.delete || key.input === 'X') {
    return isAlive(job.state)
      ? refuse(job, 'x cancels it first')
      : setMode({ kind: 'ask', question: 'remove', id: job.id });
  }
  return actKey(key.input, job);
}

function actKey(input: string, job: JobSnapshot): Command | null {
  const { id, state } = job;
  switch (input) {
    case 'p':
    case ' ':
      if (state === 'paused') return { type: 'act', id, action: 'resume' };
      return isAlive(state) ? { type: 'act', id, action: 'pause' } : refuse(job, 'r takes it up again');
    case 'r':
      if (state === 'paused' || canResume(state)) return { type: 'act', id, action: 'resume' };
      return refuse(job, state === 'done' ? 'there is nothing left to do' : 'it is not interrupted');
    case 'd':
      return isAlive(state) ? { type: 'act', id, action: 'drain' } : refuse(job, 'nothing of it is at work');
    case 'x':
      if (!isAlive(state)) return refuse(job, 'X removes it from the list');
      return setMode({ kind: 'ask', question: 'cancel', id });
    case '+':
    case '=':
      return move(job, 'move-up');
    case '-':
      return move(job, 'move-down');
  }
  return null;
}

function move(job: JobSnapshot, action: 'move-up' | 'move-down'): Command {
  return canMove(job) ? { type: 'act', id: job.id, action } : refuse(job, 'only what is queued can be moved');
}

function previewKey(key: Key, { preview }: DashboardState): Command | null {
  const to = (change: PreviewChange): Command => ({ type: 'change', action: { type: 'preview', change } });
  if (key.input === 'z') return to({ type: 'zoom' });
  if (key.input === '[') return to({ type: 'wipe', by: -1 });
  if (key.input === ']') return to({ type: 'wipe', by: 1 });
  if (key.input === 'w') return to({ type: 'arrangement' });
  if (preview.zoom === 1) {
    if (key.leftArrow) return to({ type: 'wipe', by: -1 });
    return key.rightArrow ? to({ type: 'wipe', by: 1 }) : null;
  }
  if (key.leftArrow) return to({ type: 'move', x: -1, y: 0 });
  if (key.rightArrow) return to({ type: 'move', x: 1, y: 0 });
  if (key.upArrow) return to({ type: 'move', x: 0, y: -1 });
  return key.downArrow ? to({ type: 'move', x: 0, y: 1 }) : null;
}

function refuse({ state }: JobSnapshot, why: string): Command {
  return { type: 'refuse', words: `The job is ${state}: ${why}.` };
}

function setMode(mode: DashboardState['mode']): Command {
  return change({ type: 'mode', mode });
}

function change(action: DashboardAction, mode?: DashboardState['mode']): Command {
  return {
    type: 'change',
    action: mode === undefined ? action : { type: 'both', actions: [action, { type: 'mode', mode }] },
  };
}

function isOneOf(key: Key, inputs: string, ...names: readonly ('escape' | 'return')[]): boolean {
  return (key.input !== '' && inputs.includes(key.input)) || names.some((name) => key[name] === true);
}
