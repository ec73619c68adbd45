import { basename } from 'node:path';
import type { JobSnapshot } from '../../job/index.ts';
import { column, EMPTY_LINE, type Line, line, span } from '../line.ts';
import type { Look } from '../look.ts';
import { type SafeText, safeText, text } from '../safe-text.ts';
import { columnsOf } from '../text-columns.ts';
import { canMove, canResume, isAlive } from './job-state.ts';
import { lossOfAbort, lossOfCancel, lossOfRemoval } from './loss.ts';
import type { DashboardState } from './ui-state.ts';

type Help = readonly [key: SafeText, words: SafeText];

/** The last row: what the keys do now, as many of them as there is room for. */
export function helpLine(state: DashboardState, job: JobSnapshot | null, columns: number, look: Look): Line {
  switch (state.mode.kind) {
    case 'filter': {
      const typed = safeText(state.filter, { charset: look.charset, maxColumns: Math.max(1, columns - 44) });
      return [
        span(text` filter: `, 'faint'),
        span(typed, 'name'),
        span(text`_`, 'active'),
        span(text`   Enter keeps it   Esc clears it`, 'faint'),
      ];
    }
    case 'ask':
      return askLine(state.mode.question, state.jobs, state.mode.id, columns, look);
    case 'ask-leave':
      return keysLine(
        [
          [text`l`, text`leave it running`],
          [text`d`, text`drain: end after the segment`],
          [text`a`, text`abort now`],
          [text`Esc`, text`stay`],
        ],
        columns,
      );
    case 'help':
      return keysLine([[text`Esc`, text`back`]], columns);
    case 'jobs':
      return keysLine(state.showsPreview ? [...previewKeys(state), ...LAST_KEYS] : jobKeys(job, look), columns);
  }
}

/** Above the help line, when more has to be said than fits into it. */
export function askHint({ mode, jobs }: DashboardState, ownJobs: readonly string[]): SafeText | null {
  if (mode.kind === 'ask-leave') {
    const own = jobs.filter((job) => ownJobs.includes(job.id) && isAlive(job.state));
    return text`Stop the jobs of this terminal? They can go on later. Aborted now, ${lossOfAbort(own)}.`;
  }
  const job = mode.kind === 'ask' ? jobs.find((other) => other.id === mode.id) : undefined;
  if (job === undefined || mode.kind !== 'ask') return null;
  return mode.question === 'cancel' ? lossOfCancel(job) : lossOfRemoval(job);
}

/** All keys, a row each. */
export function helpRows(look: Look): readonly Line[] {
  const arrows = look.charset === 'ascii' ? text`up, down, j, k` : text`↑ ↓ j k`;
  const row = ([key, words]: Help): Line => [span(column(text`  ${key}`, 18), 'name'), span(words)];
  return [
    line(text`  The jobs`, 'faint'),
    ...(
      [
        [arrows, text`select a job; g and G go to the first and the last`],
        [text`/`, text`show only jobs whose name, state, model or device contains a word`],
        [text`s`, text`sort by state, name, progress, time left or age`],
        [text`l`, text`show or hide the job's history`],
        [text`v`, text`show or hide its newest frame, before and after`],
      ] as const
    ).map(row),
    EMPTY_LINE,
    line(text`  The selected job`, 'faint'),
    ...(
      [
        [text`p`, text`pause it, or let it go on`],
        [text`d`, text`drain it: it ends after the segments at work`],
        [text`x`, text`cancel it, after a question; it can be resumed`],
        [text`r`, text`resume one that was interrupted, cancelled or has failed`],
        [text`+ -`, text`move it up or down in the queue`],
        [text`X`, text`remove it and what it has finished, after a question`],
      ] as const
    ).map(row),
    EMPTY_LINE,
    line(text`  The preview`, 'faint'),
    ...(
      [
        [text`z`, text`zoom: 2, 4, 8 times, whole; the arrows move the region`],
        [text`[ ]`, text`move the line between before and after`],
        [text`w`, text`both pictures side by side, or one with the line`],
      ] as const
    ).map(row),
    EMPTY_LINE,
    ...([[text`q`, text`leave; the jobs go on`]] as const).map(row),
  ];
}

function askLine(
  question: 'cancel' | 'remove',
  jobs: readonly JobSnapshot[],
  id: string,
  columns: number,
  look: Look,
): Line {
  const job = jobs.find((other) => other.id === id);
  const [verb, effect] =
    question === 'cancel'
      ? [text`Cancel`, text`It can be resumed.`]
      : [text`Remove`, job?.state === 'done' ? text`It is done.` : text`It cannot be resumed.`];
  const rest = text`? ${effect}   `;
  const room = Math.max(8, columns - columnsOf(rest) - 10 - 16);
  const name = safeText(basename(job?.output ?? id), { charset: look.charset, maxColumns: room });
  return [
    span(text` ${verb} `, 'caution'),
    span(name, 'name'),
    span(rest, 'caution'),
    ...pair(text`y`, text`yes`),
    ...pair(text`n`, text`no`),
  ];
}

function jobKeys(job: JobSnapshot | null, look: Look): readonly Help[] {
  const select: Help = [look.charset === 'ascii' ? text`j/k` : text`↑↓`, text`select`];
  const own: Help[] = [];
  if (job !== null) {
    if (job.state === 'paused') own.push([text`p`, text`go on`]);
    else if (isAlive(job.state)) own.push([text`p`, text`pause`]);
    if (isAlive(job.state)) own.push([text`d`, text`drain`], [text`x`, text`cancel`]);
    if (canResume(job.state)) own.push([text`r`, text`resume`]);
    if (canMove(job)) own.push([text`+-`, text`move`]);
  }
  return [
    select,
    ...own,
    [text`l`, text`log`],
    [text`v`, text`preview`],
    [text`/`, text`filter`],
    [text`s`, text`sort`],
    ...LAST_KEYS,
  ];
}

const LAST_KEYS: readonly Help[] = [
  [text`?`, text`help`],
  [text`q`, text`leave`],
];

function previewKeys({ preview }: DashboardState): readonly Help[] {
  return [
    [text`v`, text`close`],
    [text`z`, text`zoom`],
    ...(preview.zoom > 1 ? [[text`arrows`, text`move`] as const] : []),
    [text`[ ]`, text`wipe`],
    [text`w`, preview.arrangement === 'wipe' ? text`side by side` : text`one picture`],
  ];
}

/** The last two are always shown. */
function keysLine(keys: readonly Help[], columns: number): Line {
  const wide = ([key, words]: Help) => columnsOf(key) + columnsOf(words) + 3;
  const kept = [...keys];
  while (kept.length > 3 && kept.reduce((sum, key) => sum + wide(key), 1) > columns) kept.splice(-3, 1);
  return [span(text` `), ...kept.flatMap(([key, words]) => pair(key, words))];
}

function pair(key: SafeText, words: SafeText): Line {
  return [span(key, 'active'), span(text` ${words}  `, 'faint')];
}
