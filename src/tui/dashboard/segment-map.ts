import type { JobSegment, JobSnapshot } from '../../job/index.ts';
import { type Line, type Span, span } from '../line.ts';
import type { Look } from '../look.ts';
import { joinText, text } from '../safe-text.ts';
import type { Tone } from '../tone.ts';
import { count } from '../wording.ts';
import { isAlive } from './job-state.ts';

export type Cell = 'planned' | 'running' | 'done' | 'reused' | 'retried' | 'failed';

/** More of it taken over than made. */
const MOSTLY_REUSED = 0.5;

/** What each segment is to be seen as. */
export function segmentCells(segments: readonly JobSegment[], state: JobSnapshot['state']): readonly Cell[] {
  return segments.map((segment) => cellOf(segment, state));
}

function cellOf({ state, attempts, reusedShare }: JobSegment, job: JobSnapshot['state']): Cell {
  switch (state) {
    case 'planned':
      return job === 'failed' && attempts > 0 ? 'failed' : 'planned';
    case 'running':
      if (job === 'failed') return 'failed';
      return isAlive(job) ? 'running' : 'planned';
    case 'done':
      if (attempts > 1) return 'retried';
      return (reusedShare ?? 0) > MOSTLY_REUSED ? 'reused' : 'done';
  }
}

/** Segments a column, from which on there is another row. */
const CROWDED = 1.5;

/**
 * The film from its start to its end, filling its rows: of several segments in a cell, what asks for attention shows.
 */
export function drawSegmentMap(cells: readonly Cell[], columns: number, maxRows: number, look: Look): readonly Line[] {
  if (cells.length === 0) return [];
  const rows = Math.min(maxRows, Math.max(1, Math.ceil(cells.length / columns / CROWDED)));
  const places = columns * rows;
  const drawn = Array.from({ length: places }, (_, place) => {
    const from = Math.floor((place * cells.length) / places);
    const to = Math.max(from + 1, Math.floor(((place + 1) * cells.length) / places));
    return mostNotable(cells.slice(from, to));
  });
  return Array.from({ length: rows }, (_, row) => toLine(drawn.slice(row * columns, (row + 1) * columns), look));
}

/** "12 of 40 done, 1 running, 3 reused, 1 retried". */
export function segmentCounts(cells: readonly Cell[], look: Look): Line {
  const amount = (cell: Cell) => cells.filter((other) => other === cell).length;
  const done = amount('done') + amount('reused') + amount('retried');
  const others = (['running', 'reused', 'retried', 'failed'] as const).filter((cell) => amount(cell) > 0);
  return [
    span(text`${count(done)} of ${count(cells.length)} done`),
    ...others.flatMap((cell) => [
      span(text`  `),
      span(look.symbols.segments[cell], TONES[cell]),
      span(text` ${count(amount(cell))} ${WORDS[cell]}`, 'faint'),
    ]),
  ];
}

const WORDS = {
  running: text`running`,
  reused: text`reused`,
  retried: text`retried`,
  failed: text`failed`,
} as const;

const TONES: Readonly<Record<Cell, Tone>> = {
  planned: 'faint',
  running: 'active',
  done: 'good',
  reused: 'good',
  retried: 'caution',
  failed: 'bad',
};

/** What a cell of several segments shows: the first of these that is among them, else what most are. */
const NOTABLE: readonly Cell[] = ['failed', 'running', 'retried'];

function mostNotable(cells: readonly Cell[]): Cell {
  const notable = NOTABLE.find((cell) => cells.includes(cell));
  if (notable !== undefined) return notable;
  if (cells.includes('planned')) return 'planned';
  const reused = cells.filter((cell) => cell === 'reused').length;
  return reused * 2 > cells.length ? 'reused' : 'done';
}

function toLine(cells: readonly Cell[], { symbols }: Look): Line {
  const spans: Span[] = [];
  for (const cell of cells) {
    const last = spans.at(-1);
    const symbol = symbols.segments[cell];
    if (last !== undefined && last.tone === TONES[cell]) {
      spans[spans.length - 1] = span(joinText([last.text, symbol]), last.tone);
    } else spans.push(span(symbol, TONES[cell]));
  }
  return spans;
}
